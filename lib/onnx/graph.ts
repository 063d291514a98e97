import { toHalf } from '../archive/half'
import { packageVersion } from '../run/environment'
import { encodeModel, type Initializer } from './encode'
import { attributeTypes, type ElementType, elementTypes } from './schema'

/** Whole numbers become `int`; a number that must be `float` is given as { float }; { graph } is one of the nodes of a loop. */
export type Attributes = Record<string, number | string | number[] | { float: number } | { graph: object }>

/** What comes in or goes out; dimensions are numbers, or names of what is known when the model runs. Without a shape any. */
export interface Port {
  name: string
  type: ElementType
  shape?: (number | string)[]
}

/** An ONNX graph as it is put together. Values are known by name: every method that makes one returns it. */
export class GraphBuilder {
  private nodes: object[] = []
  private readonly initializers: Initializer[] = []
  private values = 0
  private loops = 0

  constant(type: ElementType, data: ArrayLike<number>, shape: readonly number[] = [data.length]): string {
    return this.bytes(type, bytesOf(type, data), shape)
  }

  /** A constant whose bytes are there. */
  bytes(type: ElementType, bytes: Uint8Array, shape: readonly number[]): string {
    const name = this.next()
    this.initializers.push({ name, type, shape, bytes })
    return name
  }

  /** A node of one output. @param output its name; default: the next number */
  node(opType: string, input: string[], attributes: Attributes = {}, output = this.next()): string {
    const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeOf(value) }))
    this.nodes.push({ name: `${opType}_${output}`, opType, input, output: [output], attribute })
    return output
  }

  /**
   * `value` after `count` (int64 []) turns of `body`, which is given the number of the turn, int64 [], and the value before it. It may use what
   * was made outside.
   */
  loop(count: string, value: string, type: ElementType, body: (turn: string, value: string) => string): string {
    const outside = this.nodes
    this.nodes = []
    const [turn, again, before] = [this.next(), this.next(), this.next()]
    const after = body(turn, before)
    const goOn = this.node('Identity', [again])
    const inputs: Port[] = [
      { name: turn, type: 'int64', shape: [] },
      { name: again, type: 'bool', shape: [] },
      { name: before, type },
    ]
    const outputs: Port[] = [
      { name: goOn, type: 'bool', shape: [] },
      { name: after, type },
    ]
    const graph = { name: `loop_${this.loops++}`, node: this.nodes, input: inputs.map(portOf), output: outputs.map(portOf) }
    this.nodes = outside
    return this.node('Loop', [count, '', value], { body: { graph } })
  }

  /** The file, in parts. */
  finish(inputs: Port[], outputs: Port[], metadata: Record<string, string>): Uint8Array[] {
    const graph = { name: 'wordmask', node: this.nodes, input: inputs.map(portOf), output: outputs.map(portOf) }
    const model = { producerName: 'wordmask', producerVersion: packageVersion() }
    return encodeModel(model, graph, this.initializers, metadata)
  }

  private next(): string {
    return `value_${this.values++}`
  }
}

function attributeOf(value: Attributes[string]): object {
  if (Array.isArray(value)) return { ints: value, type: attributeTypes.ints }
  if (typeof value === 'string') return { s: Buffer.from(value), type: attributeTypes.string }
  if (typeof value === 'number') return { i: value, type: attributeTypes.int }
  if ('graph' in value) return { g: value.graph, type: attributeTypes.graph }
  return { f: value.float, type: attributeTypes.float }
}

function portOf({ name, type, shape }: Port): object {
  const dim = shape?.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  return { name, type: { tensorType: { elemType: elementTypes[type], ...(dim && { shape: { dim } }) } } }
}

export const viewed = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

/** Little-endian, as ONNX wants it and as the machines that we run on have it. */
function bytesOf(type: ElementType, data: ArrayLike<number>): Uint8Array {
  switch (type) {
    case 'float32':
      return viewed(Float32Array.from(data))
    case 'float16':
      return viewed(toHalf(Float32Array.from(data)))
    case 'float64':
      return viewed(Float64Array.from(data))
    case 'int32':
      return viewed(Int32Array.from(data))
    case 'int64':
      return viewed(BigInt64Array.from(Array.from(data, BigInt)))
    case 'uint8':
    case 'bool':
      return Uint8Array.from(data)
  }
}
