import type { Mask } from '../segmenter/segmentation'
import { bitsOf } from './bits'
import { checkMasks } from './check'
import { type Outline, traceOutlines } from './rings'

/**
 * The outlines of a mask, one for every 4-connected piece, as x, y, x, y, ... in pixels of the image (pixel (x, y) reaches from x
 * to x + 1). They run an eighth of a pixel inside the pixels' edges and are not simplified: filled by centres of pixels, or
 * by OpenCV's fillPoly after cutting to whole numbers, they give the mask again, exactly. A hole is joined to its piece by a
 * line there and back, so that formats of one polygon an object can hold it. @throws ERR_WORDMASK_INVALID_ARGUMENT
 */
export async function maskPolygons(mask: Mask): Promise<Outline[]> {
  checkMasks([mask])
  const [left, top, width, height] = mask.bbox
  const outlines = await traceOutlines(bitsOf(mask), width, height)
  for (const { points } of outlines) {
    for (let i = 0; i < points.length; i += 2) {
      points[i] = (points[i] as number) + left
      points[i + 1] = (points[i + 1] as number) + top
    }
  }
  return outlines
}
