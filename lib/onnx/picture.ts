import type { GraphBuilder } from './graph'
import type { Layers } from './layers'
import { elementTypes } from './schema'

/** How a network looks at a picture: lib/deeplab/view.ts. */
export interface View {
  /** Pixels of the shorter side, exactly these sides, or the least that covers these sides. */
  size: number | { width: number; height: number } | { cover: { width: number; height: number } }
  filter: 'bilinear' | 'bicubic'
  mean: readonly number[]
  std: readonly number[]
}

/**
 * uint8 [1, H, W, 3] -> float32 [1, 3, h, w]: Pillow's antialiased resize on bytes, then (x / 255 - mean) / std. ONNX Runtime has the
 * ratio of the sizes in float32, so that a byte in 500 or so is one off.
 */
export function normalised(graph: GraphBuilder, image: string, view: View): string {
  const channels = graph.node('Transpose', [image], { perm: [0, 3, 1, 2] })
  const sizes = graph.node('Concat', [graph.constant('int64', [1, 3]), seenSize(graph, image, view)], { axis: 0 })
  const cubic = view.filter === 'bicubic'
  const bytes = graph.node('Resize', [channels, '', '', sizes], {
    ...{ mode: cubic ? 'cubic' : 'linear', antialias: 1, exclude_outside: 1, coordinate_transformation_mode: 'half_pixel' },
    ...(cubic && { cubic_coeff_a: { float: -0.5 } }),
  })
  const each = (values: readonly number[]) => graph.constant('float32', values, [1, 3, 1, 1])
  const shares = graph.node('Div', [graph.node('Cast', [bytes], { to: elementTypes.float32 }), graph.constant('float32', [255], [])])
  return graph.node('Div', [graph.node('Sub', [shares, each(view.mean)]), each(view.std)])
}

/** Height and width that the network sees: int64 [2]. In float64, as JavaScript has it. */
function seenSize(graph: GraphBuilder, image: string, { size }: View): string {
  if (typeof size === 'object' && 'width' in size) return graph.constant('int64', [size.height, size.width])
  const numbers = (...values: number[]) => graph.constant('float64', values)
  const sides = graph.node('Cast', [graph.node('Shape', [image], { start: 1, end: 3 })], { to: elementTypes.float64 })
  const scale =
    typeof size === 'number'
      ? graph.node('Div', [numbers(size), graph.node('ReduceMin', [sides], { keepdims: 1 })])
      : graph.node('ReduceMax', [graph.node('Div', [numbers(size.cover.height, size.cover.width), sides])], { keepdims: 1 })
  const rounded = graph.node('Floor', [graph.node('Add', [graph.node('Mul', [sides, scale]), numbers(0.5)])])
  return graph.node('Cast', [graph.node('Max', [rounded, numbers(1)])], { to: elementTypes.int64 })
}

/** float32 [1, C, h, w] -> `score`, its log-softmax, and `labels`, uint8 [1, H, W]: the best after bilinear enlargement. */
export function answers(layers: Layers, logits: string, image: string): void {
  const { graph } = layers
  const score = graph.node('LogSoftmax', [logits], { axis: 1 }, 'score')
  const full = layers.enlarge(score, graph.node('Shape', [image], { start: 1, end: 3 }))
  graph.node('Cast', [graph.node('ArgMax', [full], { axis: 1, keepdims: 0 })], { to: elementTypes.uint8 }, 'labels')
}
