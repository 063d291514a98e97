import { WordmaskError } from '../../errors'
import { storeOf } from '../../storage'

export interface NpyMatrix {
  uri: string
  rows: number
  columns: number
  /** Of one number: 2 (fp16) or 4 (fp32). */
  bytes: 2 | 4
  /** Where the first number lies. */
  offset: number
  /** Whole rows that the file has; fewer than `rows` where it is torn. */
  whole: number
  version?: string
}

const block = 4 << 20

/**
 * The header of a NumPy file (format 1 to 3) with a row-major matrix of little-endian fp16 or fp32.
 *
 * @throws ERR_WORDMASK_IO for anything else
 */
export async function npyMatrix(uri: string, signal?: AbortSignal): Promise<NpyMatrix> {
  const store = await storeOf(uri)
  const { bytes: size, version } = await store.stat(uri, { signal })
  const read = (length: number) => store.read(uri, { range: { offset: 0, length: Math.min(length, size) }, signal })
  let head = await read(1024)
  if (head.length < 12 || head.toString('latin1', 0, 6) !== '\x93NUMPY') throw bad(uri, 'it is no .npy file')
  const long = (head[6] as number) >= 2
  const offset = long ? 12 + head.readUInt32LE(8) : 10 + head.readUInt16LE(8)
  if (offset > size || offset > 1 << 20) throw bad(uri, 'its header is cut off')
  if (offset > head.length) head = await read(offset)
  const text = head.toString('latin1', long ? 12 : 10, offset)
  const descr = /'descr'\s*:\s*'([^']*)'/.exec(text)?.[1]
  const shape = /'shape'\s*:\s*\(\s*(\d+)\s*,\s*(\d+)\s*,?\s*\)/.exec(text)
  if (descr !== '<f2' && descr !== '<f4') throw bad(uri, `its numbers are ${descr ?? 'of no type'}; expected fp16 (<f2) or fp32 (<f4)`)
  if (!/'fortran_order'\s*:\s*False/.test(text)) throw bad(uri, 'it is column-major; expected rows one after the other')
  if (!shape) throw bad(uri, `it has shape ${/'shape'\s*:\s*(\([^)]*\))/.exec(text)?.[1] ?? 'none'}; expected (rows, dimensions)`)
  const [rows, columns] = [Number(shape[1]), Number(shape[2])]
  const bytes = descr === '<f2' ? 2 : 4
  if (columns === 0) throw bad(uri, 'its vectors have no dimensions')
  const whole = Math.min(rows, Math.floor((size - offset) / (columns * bytes)))
  return { uri, rows, columns, bytes, offset, whole, ...(version !== undefined && { version }) }
}

/** Rows [from, to) as fp32, read in blocks of 4 MiB; each row is an array of its own. */
export async function* npyRows(
  matrix: NpyMatrix,
  from: number,
  to: number,
  signal?: AbortSignal,
): AsyncGenerator<Float32Array, void, undefined> {
  const { uri, columns, bytes, offset } = matrix
  const store = await storeOf(uri)
  const step = Math.max(1, Math.floor(block / (columns * bytes)))
  for (let first = from; first < to; first += step) {
    const count = Math.min(step, to - first)
    const range = { offset: offset + first * columns * bytes, length: count * columns * bytes }
    const data = await store.read(uri, { range, signal })
    for (let row = 0; row < count; row++) yield numbers(data, row * columns * bytes, columns, bytes)
  }
}

function numbers(data: Buffer, from: number, count: number, bytes: 2 | 4): Float32Array {
  const row = new Float32Array(count)
  if (bytes === 4) for (let i = 0; i < count; i++) row[i] = data.readFloatLE(from + 4 * i)
  else for (let i = 0; i < count; i++) row[i] = halves()[data.readUInt16LE(from + 2 * i)] as number
  return row
}

let table: Float32Array | undefined

/** Every fp16 value as fp32: Node 20 has no half floats. */
function halves(): Float32Array {
  if (table) return table
  table = new Float32Array(65536)
  for (let bits = 0; bits < 65536; bits++) {
    const exponent = (bits >> 10) & 31
    const fraction = bits & 1023
    const size =
      exponent === 0 ? fraction * 2 ** -24 : exponent === 31 ? (fraction === 0 ? Infinity : NaN) : (1024 + fraction) * 2 ** (exponent - 25)
    table[bits] = bits & 0x8000 ? -size : size
  }
  return table
}

const bad = (uri: string, what: string) => new WordmaskError('ERR_WORDMASK_IO', `${uri} cannot be read: ${what}`)
