import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Float32Tensor, VectorLayout } from '../../binding'
import { random } from './testing'

export type VectorType = VectorLayout['dtype']
export const vectorTypes: VectorType[] = ['float16', 'float32', 'bfloat16']

/** Multiples of 1/4 from -1 to 1: exact in every dtype, with many ties; every eighth row is repeated later. */
export function plainRows(rows: number, dim: number, seed: number): Float32Tensor {
  const next = random(seed)
  const data = Float32Array.from({ length: rows * dim }, () => Math.round(next() * 4) / 4)
  for (let row = 8; row < rows; row += 8) data.copyWithin(row * dim, (row - 8) * dim, (row - 7) * dim)
  return { data, shape: [rows, dim] }
}

/** The bytes of values as the dtype holds them, cut off, not rounded, where it holds fewer bits; no subnormal halves. */
export function stored(values: Float32Array, dtype: VectorType): Buffer {
  if (dtype === 'float32') return Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length)
  const narrow = dtype === 'bfloat16' ? bits.map((bit) => bit >>> 16) : bits.map(half)
  return Buffer.from(Uint16Array.from(narrow).buffer)
}

function half(bits: number): number {
  const sign = (bits >>> 16) & 0x8000
  const exponent = (bits >>> 23) & 255
  if (exponent === 255) return sign | 0x7c00 | (bits & 0x7fffff ? 0x200 : 0)
  return exponent < 113 ? sign : sign | ((exponent - 112) << 10) | ((bits >>> 13) & 0x3ff)
}

export interface Written {
  file: string
  layout: VectorLayout
}

/** Vector files in a folder of their own. */
export class VectorFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'wordmask-vectors-'))
  #count = 0

  write(rows: Float32Tensor, dtype: VectorType, offset = 0): Written {
    const file = join(this.path, `${this.#count++}.${dtype}`)
    writeFileSync(file, Buffer.concat([Buffer.alloc(offset, 0xff), stored(rows.data, dtype)]))
    return { file, layout: { rows: rows.shape[0]!, dim: rows.shape[1]!, dtype, offset } }
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}

export function bitmap(n: number, allowed: (row: number) => boolean): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(n / 8))
  for (let row = 0; row < n; row++) if (allowed(row)) bytes[row >> 3]! |= 1 << (row & 7)
  return bytes
}
