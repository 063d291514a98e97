import { toHalf } from '../archive/half'

/** A float16 matrix [n, d] as an npy file, format 1.0. */
export function npyHalf(data: Float32Array, n: number, d: number): Buffer {
  const dictionary = `{'descr': '<f2', 'fortran_order': False, 'shape': (${n}, ${d}), }`
  const length = Math.ceil((10 + dictionary.length + 1) / 64) * 64
  const header = Buffer.alloc(length, ' ')
  header.write('\x93NUMPY\x01\x00', 'latin1')
  header.writeUInt16LE(length - 10, 8)
  header.write(dictionary, 10, 'latin1')
  header[length - 1] = 10
  const body = toHalf(data)
  return Buffer.concat([header, Buffer.from(body.buffer, body.byteOffset, body.byteLength)])
}
