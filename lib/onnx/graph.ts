import { toHalf } from '../archive/half'
import { packageVersion } from '../run/environment'
import { attributeTypes, type ElementType, elementTypes, ModelMessage } from './schema'

/** The operator set that the nodes are of: antialiased Resize came with 18. */
const opset = 18
/** The file format of that operator set. */
const irVersion = 8

/** Whole numbers become `int`; a number that must be `float` is given as { float }. */
export type Attributes = Record<string, number | string | number[] | { float: number }>

/** What comes in or goes out; dimensions are numbers, or names of what is known when the model runs. */
export interface Port {
  name: string
  type: ElementType
  shape: (number | string)[]
}

/** An ONNX graph as it is put together. Values are known by name: every method that makes one returns it. */
export class GraphBuilder {
  private readonly nodes: object[] = []
  private readonly initializers: object[] = []
  private values = 0

  /** @param half weights and the values between them are float16 */
  constructor(private readonly half = false) {}

  /** A weight, float32, or float16 where the graph is. */
  weight(data: Float32Array, shape: readonly number[]): string {
    return this.constant(this.half ? 'float16' : 'float32', data, shape)
  }

  constant(type: ElementType, data: ArrayLike<number>, shape: readonly number[] = [data.length]): string {
    const name = `value_${this.values++}`
    this.initializers.push({ name, dims: shape, dataType: elementTypes[type], rawData: bytesOf(type, data) })
    return name
  }

  /** A node of one output. @param output its name; default: the next number */
  node(opType: string, input: string[], attributes: Attributes = {}, output = `value_${this.values++}`): string {
    const attribute = Object.entries(attributes).map(([name, value]) => ({ name, ...attributeOf(value) }))
    this.nodes.push({ name: `${opType}_${this.nodes.length}`, opType, input, output: [output], attribute })
    return output
  }

  /** The file. */
  finish(inputs: Port[], outputs: Port[], metadata: Record<string, string>): Uint8Array {
    const graph = {
      name: 'wordmask',
      node: this.nodes,
      initializer: this.initializers,
      input: inputs.map(portOf),
      output: outputs.map(portOf),
    }
    const model = {
      ...{ irVersion, producerName: 'wordmask', producerVersion: packageVersion(), graph },
      opsetImport: [{ domain: '', version: opset }],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    }
    return ModelMessage.encode(ModelMessage.create(model)).finish()
  }
}

function attributeOf(value: Attributes[string]): object {
  if (Array.isArray(value)) return { ints: value, type: attributeTypes.ints }
  if (typeof value === 'string') return { s: Buffer.from(value), type: attributeTypes.string }
  if (typeof value === 'object') return { f: value.float, type: attributeTypes.float }
  return { i: value, type: attributeTypes.int }
}

function portOf({ name, type, shape }: Port): object {
  const dim = shape.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }))
  return { name, type: { tensorType: { elemType: elementTypes[type], shape: { dim } } } }
}

/** Little-endian, as ONNX wants it and as the machines that we run on have it. */
function bytesOf(type: ElementType, data: ArrayLike<number>): Uint8Array {
  const view = (array: ArrayBufferView) => new Uint8Array(array.buffer, array.byteOffset, array.byteLength)
  switch (type) {
    case 'float32':
      return view(data instanceof Float32Array ? data : Float32Array.from(data))
    case 'float16':
      return view(toHalf(Float32Array.from(data)))
    case 'float64':
      return view(Float64Array.from(data))
    case 'int64':
      return view(BigInt64Array.from(Array.from(data, BigInt)))
    case 'uint8':
      return Uint8Array.from(data)
  }
}
