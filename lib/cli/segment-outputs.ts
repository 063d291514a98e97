import path from 'node:path'
import type { Pending } from '../run/output-folder'
import type { Segmentation } from '../segmenter/segmentation'
import type { SegmentFlags, Written } from './commands/segment'

/** An image to segment; `data` where it is no file of its own. */
export type SegmentItem = Pending & { data?: Uint8Array }

/** Files below the output folder that every finished image has; cut-outs depend on what was found and are not asked for. */
export function expectedFiles(name: string, write: Written[]): string[] {
  return write.filter((kind) => kind === 'labels' || kind === 'overlay').map((kind) => `${kind}/${name}.png`)
}

/** Writes what was asked for and returns what images.jsonl says of the image. */
export async function writeOutputs(into: string, image: SegmentItem, answer: Segmentation, options: SegmentFlags) {
  const { writeCutouts } = await import('../write/cutouts.js')
  const { writeLabelMap } = await import('../write/label-map.js')
  const { writeOverlay } = await import('../write/overlay.js')
  const { write, instances, minArea } = options
  const outputs = expectedFiles(image.name, write)
  if (write.includes('labels')) await writeLabelMap(path.join(into, 'labels', `${image.name}.png`), answer)
  if (write.includes('overlay')) await writeOverlay(path.join(into, 'overlay', `${image.name}.png`), image.data ?? image.path, answer)
  const wanted = write.some((kind) => kind === 'cutouts' || kind === 'coco' || kind === 'jsonl')
  const masks = wanted ? await answer.masks({ minArea, instances: instances ?? false }) : undefined
  if (masks && write.includes('cutouts')) {
    const files = await writeCutouts(path.join(into, 'cutouts', image.name), image.data ?? image.path, answer, masks)
    outputs.push(...files.map((file) => path.relative(into, file)))
  }
  const coverage = Object.fromEntries(
    answer.classes.map(({ name }, i) => [name, answer.coverage[i]!] as const).filter(([, share]) => share > 0),
  )
  return { width: answer.width, height: answer.height, coverage, outputs, ...(masks && { masks }) }
}
