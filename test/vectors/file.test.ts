import { mkdirSync, renameSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import type { VectorFile, VectorLayout } from '../../binding'
import { binding } from '../../lib/binding'
import { runChild } from '../helpers/native'
import { randomTensor, tensor } from '../helpers/testing'
import { plainRows, VectorFolder } from '../helpers/vectors'

const folder = new VectorFolder()
afterAll(() => folder.remove())
const damaged = 'ERR_WORDMASK_VECTORS'
const open = (file: string, layout: VectorLayout) => binding().VectorFile.open(file, layout, {})
const one = tensor([1, 4], [1, 2, 3, 4])
const best = async (vectors: VectorFile) => [...(await vectors.search(one, { k: 3 }, {})).indices]

describe('VectorFile.open', () => {
  const { file, layout } = folder.write(plainRows(10, 4, 1), 'float16', 6)

  test('says how many rows of how many values there are', async () => {
    const vectors = await open(file, layout)
    expect([vectors.rows, vectors.dim]).toEqual([10, 4])
  })

  test('bytes behind the last row are allowed', async () => {
    await expect(open(file, { ...layout, rows: 9 })).resolves.toHaveProperty('rows', 9)
  })

  test('one row more than the file holds: a torn file', async () => {
    await expect(open(file, { ...layout, rows: 11 })).rejects.toHaveCode(
      damaged,
      /Expected 94 bytes \(11 rows of 4 Half from byte 6\).*has 86/,
    )
    await expect(open(file, { ...layout, dtype: 'float32', offset: 4 })).rejects.toHaveCode(damaged, /164 bytes/)
  })

  test('no file, a folder, an empty file', async () => {
    await expect(open(`${file}.none`, layout)).rejects.toHaveCode('ERR_WORDMASK_FILE_NOT_FOUND', /none.*No such file/)
    mkdirSync(join(folder.path, 'below'))
    await expect(open(join(folder.path, 'below'), layout)).rejects.toHaveCode(damaged, /is a folder/)
    writeFileSync(join(folder.path, 'empty'), '')
    await expect(open(join(folder.path, 'empty'), layout)).rejects.toHaveCode(damaged, /it has 0/)
    await expect(open(join(folder.path, 'empty'), { ...layout, rows: 0, offset: 0 })).resolves.toHaveProperty('rows', 0)
  })

  test.each([
    ['an offset within a value', { offset: 3 }, /multiple of 2 bytes.*3/],
    ['no values a row', { dim: 0 }, /layout\.dim/],
    ['rows without end', { rows: 2 ** 45 }, /multiple/],
    ['another dtype', { dtype: 'int8' as never }, /'float16' or 'float32'.*int8/],
  ])('BAD CALL - %s', async (_, wrong, message) => {
    await expect(open(file, { ...layout, ...wrong })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT', message)
  })
})

describe('the file while it is mapped', () => {
  test('renamed, replaced and unlinked: the rows that were opened stay', async () => {
    const { file, layout } = folder.write(plainRows(2000, 4, 2), 'float32')
    const other = folder.write(plainRows(3, 4, 3), 'float32').file
    const vectors = await open(file, layout)
    const before = await best(vectors)
    renameSync(file, `${file}.moved`)
    expect(await best(vectors)).toEqual(before)
    renameSync(other, `${file}.moved`)
    expect(await best(vectors)).toEqual(before)
    unlinkSync(`${file}.moved`)
    expect(await best(vectors)).toEqual(before)
    vectors.dispose()
  })

  test('cut short between two calls: the next one says so, and so do all later ones', async () => {
    for (const left of [0, 100, 15_999]) {
      const { file, layout } = folder.write(plainRows(1000, 4, 4), 'float32')
      const vectors = await open(file, layout)
      truncateSync(file, left)
      for (const call of [best(vectors), vectors.take(Float64Array.of(999), {}), best(vectors)])
        await expect(call).rejects.toHaveCode(damaged, new RegExp(`cut short.*16000 bytes.*now it has ${left}`))
      await expect(open(file, layout)).rejects.toHaveCode(damaged)
    }
  })

  test('cut short under a running search: an error, and the process goes on', async () => {
    const [rows, dim] = [65_536, 512]
    const file = join(folder.path, 'large')
    writeFileSync(file, '')
    truncateSync(file, rows * dim * 4)
    const vectors = await open(file, { rows, dim, dtype: 'float32', offset: 0 })
    let cut = false
    const onProgress = () => {
      if (!cut) truncateSync(file, 4096)
      cut = true
    }
    await expect(vectors.search(randomTensor([1024, dim], 1), { k: 5 }, { onProgress })).rejects.toHaveCode(damaged, /cut short/)
    expect(cut).toBe(true)
    vectors.dispose()
    const whole = folder.write(plainRows(10, 4, 5), 'float32')
    expect(await best(await open(whole.file, whole.layout))).toHaveLength(3)
  })

  test('a bus error that is not of a mapped file still ends the process', async () => {
    const { file, layout } = folder.write(plainRows(10, 4, 6), 'float32')
    const ended = await runChild('bus-error.cjs', [file, JSON.stringify(layout)])
    expect(ended, ended.stderr).toMatchObject({ signal: 'SIGBUS', stdout: 'searched\n' })
  })
})
