import { nowhere } from '../deeplab/presence'
import type { GraphBuilder } from './graph'
import type { Layers } from './layers'
import { type ResizeFilter, resize } from './resize'
import { elementTypes } from './schema'

/** How a network looks at a picture: lib/deeplab/view.ts. */
export interface View {
  /** Pixels of the shorter side, exactly these sides, or the least that covers these sides. */
  size: number | { width: number; height: number } | { cover: { width: number; height: number } }
  filter: ResizeFilter
  mean: readonly number[]
  std: readonly number[]
}

/** uint8 [1, H, W, 3] -> float32 [1, 3, h, w]: Pillow's antialiased resize on bytes, then (x / 255 - mean) / std. */
export function normalised(graph: GraphBuilder, image: string, view: View): string {
  const { height, width } = seenSize(graph, image, view)
  const bytes = resize(graph, image, height, width, view.filter)
  const each = (values: readonly number[]) => graph.constant('float32', values, [1, 3, 1, 1])
  const shares = graph.node('Div', [graph.node('Cast', [bytes], { to: elementTypes.float32 }), graph.constant('float32', [255], [])])
  return graph.node('Div', [graph.node('Sub', [shares, each(view.mean)]), each(view.std)])
}

/** Height and width that the network sees, each int64 [1]. In float64, as JavaScript has it. */
function seenSize(graph: GraphBuilder, image: string, { size }: View): { height: string; width: string } {
  if (typeof size === 'object' && 'width' in size)
    return { height: graph.constant('int64', [size.height]), width: graph.constant('int64', [size.width]) }
  const numbers = (...values: number[]) => graph.constant('float64', values)
  const sides = graph.node('Cast', [graph.node('Shape', [image], { start: 1, end: 3 })], { to: elementTypes.float64 })
  const scale =
    typeof size === 'number'
      ? graph.node('Div', [numbers(size), graph.node('ReduceMin', [sides], { keepdims: 1 })])
      : graph.node('ReduceMax', [graph.node('Div', [numbers(size.cover.height, size.cover.width), sides])], { keepdims: 1 })
  const rounded = graph.node('Floor', [graph.node('Add', [graph.node('Mul', [sides, scale]), numbers(0.5)])])
  const seen = graph.node('Cast', [graph.node('Max', [rounded, numbers(1)])], { to: elementTypes.int64 })
  const side = (at: number) => graph.node('Gather', [seen, graph.constant('int64', [at])], { axis: 0 })
  return { height: side(0), width: side(1) }
}

/**
 * float32 [1, C, h, w] -> `score`, its log-softmax, and `labels`, uint8 [1, H, W]: the best after bilinear enlargement of those that
 * reach their threshold somewhere.
 */
export function answers(layers: Layers, logits: string, image: string, thresholds: readonly number[] | undefined): void {
  const { graph } = layers
  const score = graph.node('LogSoftmax', [logits], { axis: 1 }, 'score')
  const full = layers.enlarge(thresholds ? gated(graph, score, thresholds) : score, graph.node('Shape', [image], { start: 1, end: 3 }))
  graph.node('Cast', [graph.node('ArgMax', [full], { axis: 1, keepdims: 0 })], { to: elementTypes.uint8 }, 'labels')
}

/** lib/deeplab/presence.ts: what does not reach its threshold anywhere is taken out. */
function gated(graph: GraphBuilder, score: string, thresholds: readonly number[]): string {
  const peak = graph.node('Exp', [graph.node('ReduceMax', [score, graph.constant('int64', [2, 3])], { keepdims: 1 })])
  const least = graph.constant('float32', thresholds, [1, thresholds.length, 1, 1])
  return graph.node('Where', [graph.node('Less', [peak, least]), graph.constant('float32', [nowhere], []), score])
}
