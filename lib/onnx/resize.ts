import type { GraphBuilder } from './graph'
import { elementTypes } from './schema'

export type ResizeFilter = 'bilinear' | 'bicubic'

/** Bits behind the point of a weight, as in Pillow. */
const fraction = 22

/**
 * uint8 [1, H, W, 3] -> uint8 [1, 3, h, w]: the bytes of Pillow's antialiased resize, as native/kernels/resize_normalize has it; columns
 * first, then rows. ONNX's own Resize has its ratios in float32 and does not round between the two: a byte in 500 or so is one off.
 * @param height int64 [1], as `width`
 */
export function resize(graph: GraphBuilder, image: string, height: string, width: string, filter: ResizeFilter): string {
  const columns = graph.node('Transpose', [image], { perm: [2, 0, 1, 3] })
  const across = along(graph, columns, width, filter)
  const rows = graph.node('Transpose', [across], { perm: [2, 1, 0, 3] })
  return graph.node('Transpose', [along(graph, rows, height, filter)], { perm: [1, 3, 0, 2] })
}

/** uint8 [n, 1, a, b] -> [to, 1, a, b]: sums of products of bytes and fixed-point weights, rounded half up and cut to a byte. */
function along(graph: GraphBuilder, lines: string, to: string, filter: ResizeFilter): string {
  const { weights, lines: chosen, count } = taps(graph, lines, to, filter)
  const whole = (value: number) => graph.constant('int32', [value])
  const shape = graph.node('Concat', [to, graph.node('Shape', [lines], { start: 1, end: 4 })], { axis: 0 })
  const begin = graph.node('Expand', [whole(2 ** (fraction - 1)), shape])
  const sums = graph.loop(count, begin, 'int32', (t, sum) => {
    const line = graph.node('Gather', [lines, graph.node('Gather', [chosen, t], { axis: 0 })], { axis: 0 })
    const bytes = graph.node('Cast', [line], { to: elementTypes.int32 })
    return graph.node('Add', [sum, graph.node('Mul', [bytes, graph.node('Gather', [weights, t], { axis: 0 })])])
  })
  // Division of what is below 0 rounds towards 0: it is cut off all the same.
  const rounded = graph.node('Div', [sums, whole(2 ** fraction)])
  const cut = graph.node('Max', [graph.node('Min', [rounded, whole(255)]), whole(0)])
  return graph.node('Cast', [cut], { to: elementTypes.uint8 })
}

/**
 * How each of `to` positions is made of the first axis of `x`, in the steps and the float64 of taps.cc: `weights` int32 [taps, to, 1, 1, 1]
 * of the positions `lines` int64 [taps, to], and their number, int64 [].
 */
function taps(graph: GraphBuilder, x: string, to: string, filter: ResizeFilter) {
  const real = (value: number) => graph.constant('float64', [value])
  const cast = (value: string, to: 'float64' | 'int64' | 'int32') => graph.node('Cast', [value], { to: elementTypes[to] })
  const add = (a: string, b: string) => graph.node('Add', [a, b])
  const subtract = (a: string, b: string) => graph.node('Sub', [a, b])
  const multiply = (a: string, b: string) => graph.node('Mul', [a, b])
  const divide = (a: string, b: string) => graph.node('Div', [a, b])
  const floor = (value: string) => graph.node('Floor', [value])
  const upTo = (n: string) => graph.node('Range', [graph.constant('int64', [0], []), n, graph.constant('int64', [1], [])])

  const size = cast(graph.node('Shape', [x], { start: 0, end: 1 }), 'float64')
  const scale = divide(size, cast(to, 'float64'))
  const widened = graph.node('Max', [scale, real(1)])
  const support = multiply(real(filter === 'bicubic' ? 2 : 1), widened)
  const position = cast(upTo(graph.node('Squeeze', [to])), 'float64')
  const center = multiply(add(position, real(0.5)), scale)
  const begin = graph.node('Max', [floor(add(subtract(center, support), real(0.5))), real(0)])
  const end = graph.node('Min', [floor(add(add(center, support), real(0.5))), size])
  const count = cast(graph.node('ReduceMax', [subtract(end, begin)], { keepdims: 0 }), 'int64')
  const tap = graph.node('Unsqueeze', [cast(upTo(count), 'float64'), graph.constant('int64', [1])])
  const line = add(tap, begin)
  const distance = multiply(add(subtract(line, center), real(0.5)), divide(real(1), widened))
  const share = graph.node('Where', [graph.node('Less', [line, end]), filterShape(graph, distance, filter), real(0)])
  const sum = graph.node('ReduceSum', [share, graph.constant('int64', [0])], { keepdims: 1 })
  const weight = cast(floor(add(multiply(divide(share, sum), real(2 ** fraction)), real(0.5))), 'int32')
  return {
    weights: graph.node('Unsqueeze', [weight, graph.constant('int64', [2, 3, 4])]),
    lines: cast(graph.node('Min', [line, subtract(size, real(1))]), 'int64'),
    count,
  }
}

/** The triangle, or Keys' cubic with a = -0.5, of float64 distances. */
function filterShape(graph: GraphBuilder, distance: string, filter: ResizeFilter): string {
  const real = (value: number) => graph.constant('float64', [value])
  const node = (opType: string, ...inputs: string[]) => graph.node(opType, inputs)
  const x = node('Abs', distance)
  if (filter === 'bilinear') return node('Max', node('Sub', real(1), x), real(0))
  // ((a + 2) x - (a + 3)) x x + 1 below 1, (((x - 5) x + 8) x - 4) a below 2
  const inner = node('Add', node('Mul', node('Mul', node('Sub', node('Mul', real(1.5), x), real(2.5)), x), x), real(1))
  const cubic = node('Sub', node('Mul', node('Add', node('Mul', node('Sub', x, real(5)), x), real(8)), x), real(4))
  const outer = node('Where', node('Less', x, real(2)), node('Mul', cubic, real(-0.5)), real(0))
  return node('Where', node('Less', x, real(1)), inner, outer)
}
