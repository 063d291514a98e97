import type { Clip, DenseOptions, Float32Tensor, LabelOptions, LabelResult, Pixels, Task } from '../../binding'
import { binding } from '../../lib/binding'

export type SegmentOptions = DenseOptions & Pick<LabelOptions, 'classes' | 'background'>
export interface SegmentResult extends LabelResult {
  /** [names, h, w] */
  grid: Float32Tensor
  together: number
}

/** denseScores, then labelGrids: what a Segmenter's 'maskclip' does. */
export async function segment(
  clip: Clip,
  image: Pixels,
  text: Float32Tensor,
  { classes, background, ...view }: SegmentOptions,
  task: Task = {},
): Promise<SegmentResult> {
  const scores = await binding().denseScores(clip, image, text, view, task)
  const labels = await binding().labelGrids([scores], { width: image.width, height: image.height, classes, background }, task)
  return { ...labels, grid: classMajor(scores), together: scores.together }
}

/** [h, w, names] -> [names, h, w] */
export function classMajor({ data, shape }: Float32Tensor): Float32Tensor {
  const [h, w, names] = shape as [number, number, number]
  const turned = new Float32Array(data.length)
  for (let cell = 0; cell < h * w; cell++) for (let name = 0; name < names; name++) turned[name * h * w + cell] = data[cell * names + name]!
  return { data: turned, shape: [names, h, w] }
}

/** [names, h, w] -> [h, w, names] */
export function classMinor({ data, shape }: Float32Tensor): Float32Tensor {
  const [names, h, w] = shape as [number, number, number]
  const turned = new Float32Array(data.length)
  for (let cell = 0; cell < h * w; cell++) for (let name = 0; name < names; name++) turned[cell * names + name] = data[name * h * w + cell]!
  return { data: turned, shape: [h, w, names] }
}
