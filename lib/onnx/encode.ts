import { Writer } from 'protobufjs'
import { type ElementType, elementTypes, fields, GraphMessage, ModelMessage, TensorMessage } from './schema'

/** The operator set that the nodes are of. */
const opset = 18
/** The file format of that operator set. */
const irVersion = 8

/** A constant of a graph, its bytes little-endian. */
export interface Initializer {
  name: string
  type: ElementType
  shape: readonly number[]
  bytes: Uint8Array
}

/**
 * The file of a model, in parts: the bytes of the constants are those that were given, and nothing is put together that is as large as the
 * model.
 */
export function encodeModel(
  producer: { producerName: string; producerVersion: string },
  graph: object,
  initializers: readonly Initializer[],
  metadata: Record<string, string>,
): Uint8Array[] {
  const model = {
    irVersion,
    ...producer,
    opsetImport: [{ domain: '', version: opset }],
    metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  }
  const head = ModelMessage.encode(ModelMessage.create(model)).finish()
  const nodes = GraphMessage.encode(GraphMessage.create(graph)).finish()
  const tensors = initializers.flatMap(encodeTensor)
  return [head, opened(fields.graph, sizeOf([nodes, ...tensors])), nodes, ...tensors]
}

/** An entry of a graph's constants. */
function encodeTensor({ name, type, shape, bytes }: Initializer): Uint8Array[] {
  const head = TensorMessage.encode(TensorMessage.create({ name, dims: shape, dataType: elementTypes[type] })).finish()
  const inner = [head, opened(fields.rawData, bytes.length), bytes]
  return [opened(fields.initializer, sizeOf(inner)), ...inner]
}

/** What stands before a field of `length` bytes. */
const opened = (field: number, length: number) =>
  new Writer()
    .uint32((field << 3) | 2)
    .uint32(length)
    .finish()

export const sizeOf = (parts: readonly Uint8Array[]) => parts.reduce((sum, { length }) => sum + length, 0)
