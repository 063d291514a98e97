import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { binding } from '../../lib/binding'

const scratch = mkdtempSync(join(tmpdir(), 'wordmask-safetensors-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))
const path = (name: string) => join(scratch, name)
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

/** A file with this header, whatever it says, and this much data. */
function forged(header: string, data = 0, length = Buffer.byteLength(header)): string {
  const file = path('forged.safetensors')
  const head = Buffer.alloc(8)
  head.writeBigUInt64LE(BigInt(length))
  writeFileSync(file, Buffer.concat([head, Buffer.from(header), Buffer.alloc(data)]))
  return file
}

const tensor = (dtype: string, shape: unknown[], begin: unknown, end: unknown) => ({ dtype, shape, data_offsets: [begin, end] })
const read = (file: string) => binding().readCheckpoint([file], {})
const write = (file: string, data: number[], dtype: 'float32' | 'float16' | 'bfloat16' = 'float32', metadata = {}) =>
  binding().writeSafetensors(file, [{ key: 'x', data: Float32Array.from(data), shape: [data.length], dtype }], metadata, {})

describe('a safetensors header that lies is refused', () => {
  it.each<[string, unknown, number, RegExp]>([
    ['end beyond the file', { x: tensor('F32', [2], 0, 8) }, 4, /claims bytes 0\.\.8 .* 4 bytes/],
    ['begin behind end', { x: tensor('F32', [0], 4, 0) }, 4, /claims bytes 4\.\.0/],
    ['size other than shape x dtype', { x: tensor('F32', [3], 0, 8) }, 8, /need 12/],
    ['a shape whose product overflows to the right size', { x: tensor('F32', [2 ** 32, 2 ** 32], 0, 0) }, 0, /overflows/],
    ['negative offset', { x: tensor('F32', [1], -4, 0) }, 4, /non-negative integer/],
    ['negative size', { x: tensor('F32', [-1], 0, 4) }, 4, /non-negative integer/],
    ['fractional size', { x: tensor('F32', [1.5], 0, 6) }, 6, /non-negative integer/],
    ['offset as text', { x: tensor('F32', [1], '0', 4) }, 4, /non-negative integer/],
    ['overlapping tensors', { x: tensor('F32', [1], 0, 4), y: tensor('F32', [1], 2, 6) }, 6, /inside its neighbour/],
    ['the same bytes twice', { x: tensor('F32', [1], 0, 4), y: tensor('F32', [1], 0, 4) }, 4, /inside its neighbour/],
    ['a hole', { x: tensor('F32', [1], 0, 4), y: tensor('F32', [1], 8, 12) }, 12, /after a hole/],
    ['bytes that belong to nothing', { x: tensor('F32', [1], 0, 4) }, 9, /5 bytes that belong to no tensor/],
    ['unknown dtype', { x: tensor('F8_E4M3', [1], 0, 1) }, 1, /F8_E4M3/],
    ['no shape', { x: { dtype: 'F32', data_offsets: [0, 4] } }, 4, /no field 'shape'/],
    ['three offsets', { x: { dtype: 'F32', shape: [1], data_offsets: [0, 2, 4] } }, 4, /\[begin, end\]/],
    ['metadata that is no text', { __metadata__: { a: 1 } }, 0, /__metadata__\.a/],
    ['an array for a header', [1, 2], 0, /no checkpoint/],
    ['nested too deep', { x: { dtype: 'F32', shape: [[[1]]], data_offsets: [0, 4] } }, 4, /nested/],
  ])('%s', async (_, header, data, message) => {
    expect(await rejection(read(forged(JSON.stringify(header), data)))).toHaveCode('ERR_WORDMASK_CHECKPOINT', message)
  })

  it.each([
    ['a name twice', `{"x":${JSON.stringify(tensor('F32', [1], 0, 4))},"x":${JSON.stringify(tensor('F32', [1], 0, 4))}}`, /'x' twice/],
    ['a field twice', '{"x":{"dtype":"F32","dtype":"F16","shape":[2],"data_offsets":[0,4]}}', /'dtype' twice/],
    ['NaN', '{"x":{"dtype":"F32","shape":[NaN],"data_offsets":[0,4]}}', /not JSON/],
    ['a number beyond 64 bits', '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,99999999999999999999]}}', /non-negative integer/],
    ['text that is cut', '{"x":', /not JSON/],
  ])('%s', async (_, header, message) => {
    expect(await rejection(read(forged(header, 4)))).toHaveCode('ERR_WORDMASK_CHECKPOINT', message)
  })

  it('a header length beyond the file', async () => {
    expect(await rejection(read(forged('{}', 0, 2 ** 40)))).toHaveCode('ERR_WORDMASK_CHECKPOINT', /claims a header of 1099511627776/)
  })

  it('a tensor of size zero anywhere is no lie', async () => {
    const header = { x: tensor('F32', [1], 0, 4), y: tensor('F32', [0, 3], 4, 4), z: tensor('F16', [0], 0, 0) }
    const { tensors } = await read(forged(JSON.stringify(header), 4))
    expect(tensors.map(({ shape }) => shape)).toEqual(expect.arrayContaining([[1], [0, 3], [0]]))
  })
})

describe('writeSafetensors', () => {
  it('writes the bytes that the format asks for', async () => {
    await write(path('a.safetensors'), [1, -2.5], 'float32', { licence: 'mit' })
    const bytes = readFileSync(path('a.safetensors'))
    const length = Number(bytes.readBigUInt64LE())
    expect(length % 8).toBe(0)
    expect(JSON.parse(bytes.subarray(8, 8 + length).toString())).toEqual({
      __metadata__: { format: 'pt', licence: 'mit', wordmask_format: '1' },
      x: { dtype: 'F32', shape: [2], data_offsets: [0, 8] },
    })
    expect([...new Float32Array(Uint8Array.from(bytes.subarray(8 + length)).buffer)]).toEqual([1, -2.5])
  })

  it.each([
    ['float16', [0.1, 65504, -6e-8], [0.0999755859375, 65504, -(2 ** -24)]],
    ['bfloat16', [0.1, 1 + 1 / 256, 1 + 3 / 256], [0.10009765625, 1, 1.015625]],
  ] as const)('%s values come back rounded to the nearest, ties to even', async (dtype, values, rounded) => {
    await write(path('b.safetensors'), [...values], dtype)
    const { data } = await binding().readTensor([path('b.safetensors')], 'x', {})
    expect([...data]).toEqual([...rounded])
    expect((await read(path('b.safetensors'))).tensors).toEqual([{ key: 'x', dtype, shape: [3] }])
  })

  it('leaves nothing beside the file, also where it cannot be written', async () => {
    await write(path('c.safetensors'), [1])
    expect(await rejection(write(path('no/such/folder.safetensors'), [1]))).toHaveCode('ERR_WORDMASK_IO', /no\/such/)
    expect(readdirSync(scratch).filter((name) => name.includes('.tmp-'))).toEqual([])
  })

  it('a file of a newer format is ERR_WORDMASK_VERSION', async () => {
    const file = forged(JSON.stringify({ __metadata__: { wordmask_format: '2' } }))
    expect(await rejection(read(file))).toHaveCode('ERR_WORDMASK_VERSION', /version 2.*up to 1/)
  })

  it('shards read as one checkpoint; a tensor in two of them is refused', async () => {
    await write(path('1.safetensors'), [1, 2])
    await binding().writeSafetensors(path('2.safetensors'), [{ key: 'y', data: Float32Array.of(3), shape: [1], dtype: 'float32' }], {}, {})
    const files = [path('1.safetensors'), path('2.safetensors')]
    expect((await binding().readCheckpoint(files, {})).tensors.map(({ key }) => key)).toEqual(['x', 'y'])
    expect([...(await binding().readTensor(files, 'y', {})).data]).toEqual([3])
    expect(await rejection(binding().readCheckpoint([files[0]!, files[0]!], {}))).toHaveCode('ERR_WORDMASK_CHECKPOINT', /Two shards/)
  })
})
