import { describe, expect, test } from 'vitest'
import type { ArchiveRow } from '../../lib/archive/types'
import { type DedupeOptions, dedupe } from '../../lib/dedupe/dedupe'
import { memorySource, randomUnits, row } from './memory'

const at = (degrees: number) => [Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)]

async function groups(rows: ArchiveRow[], vectors: number[][], options: DedupeOptions = {}) {
  const report = await dedupe(memorySource(rows, vectors), options)
  const name = (i: number) => rows[i]!.id
  return {
    report,
    groups: [...report.groups()].map(
      ({ kept, duplicates }) => `${name(kept)}: ${duplicates.map(({ row: i, how }) => `${name(i)} ${how}`).join(', ')}`,
    ),
  }
}

describe('dedupe by hand', () => {
  const content = 'ab'.repeat(32)

  test('the same bytes: the first is kept; other boxes of one picture are no duplicates', async () => {
    const rows = [row('a', { sha256: content }), row('b', { sha256: content }), row('c'), row('d', { sha256: content, box: [0, 0, 9, 9] })]
    expect((await groups(rows, [at(0), at(0), at(90), at(45)])).groups).toEqual(['a: b exact'])
  })

  test('hashes within 4 bits: the largest image is kept, then the first', async () => {
    const rows = [
      row('small', { phash: '000000000000000f' }),
      row('large', { phash: '0000000000000000', width: 640, height: 480 }),
      row('far', { phash: '000000000000ffff' }),
      row('none'),
    ]
    const vectors = [at(0), at(30), at(60), at(90)]
    expect((await groups(rows, vectors)).groups).toEqual(['large: small hash'])
    expect((await groups(rows, vectors, { maxHamming: 3 })).groups).toEqual([])
    expect((await groups(rows, vectors, { maxHamming: false })).groups).toEqual([])
  })

  test('vectors: a star and no chain (cos 12° = .978, cos 24° = .914)', async () => {
    const rows = ['a', 'b', 'c'].map((id) => row(id))
    expect((await groups(rows, [at(0), at(12), at(24)])).groups).toEqual(['a: b cosine'])
    expect((await groups(rows, [at(12), at(0), at(24)])).groups).toEqual(['a: b cosine, c cosine'])
    expect((await groups(rows, [at(0), at(12), at(24)], { minCosine: false })).groups).toEqual([])
  })

  test('a hash star whose middle is near a better image: what is near that one goes there, the rest is looked at anew', async () => {
    const big = { width: 640, height: 480 }
    const rows = [
      row('best', { ...big, width: 1000, phash: 'ffffffff00000000' }),
      row('middle', { ...big, phash: '0000000000000000' }),
      row('near', { phash: '0000000000000001' }),
      row('away', { phash: '0000000000000003' }),
      row('away twin', { phash: '0000000000000007' }),
    ]
    const vectors = [at(0), at(5), at(8), at(50), at(90)]
    const { report, groups: found } = await groups(rows, vectors)
    expect(found).toEqual(['best: middle cosine, near cosine', 'away: away twin hash'])
    expect(report.counts).toEqual({ exact: 0, hash: 1, cosine: 2 })
  })

  test('a copy of an image that was taken by a better one goes with it', async () => {
    const rows = [row('x', { sha256: content }), row('y', { sha256: content }), row('best', { width: 999 })]
    const { groups: found } = await groups(rows, [at(0), at(0), at(3)])
    expect(found).toEqual(['best: x cosine, y cosine'])
  })

  test('an empty archive and one row', async () => {
    expect((await groups([], [])).groups).toEqual([])
    expect((await groups([row('a')], [at(0)])).groups).toEqual([])
  })
})

describe('dedupe', () => {
  test('every member is near its kept image, in 300 random rows (seed 9)', async () => {
    const base = randomUnits(60, 6, 9)
    const vectors = Array.from({ length: 300 }, (_, i) => {
      const noise = randomUnits(1, 6, 100 + i)[0]!
      const sum = base[i % 60]!.map((value, j) => value + 0.25 * noise[j]!)
      const norm = Math.hypot(...sum)
      return sum.map((value) => value / norm)
    })
    const bits = (i: number) => (BigInt(i % 60) * 0x123456789abn) ^ (1n << BigInt(i % 7))
    const rows = vectors.map((_, i) => row(`r${i}`, { phash: bits(i).toString(16).padStart(16, '0'), width: 100 + (i % 5) }))
    const report = await dedupe(memorySource(rows, vectors), { maxHamming: 2, minCosine: 0.95 })
    const seen = new Set<number>()
    for (const { kept, duplicates } of report.groups()) {
      for (const { row: i, how, closeness } of duplicates) {
        expect(seen.has(i)).toBe(false)
        seen.add(i)
        expect(rows[kept]!.width).toBeGreaterThanOrEqual(rows[i]!.width)
        const cosine = vectors[kept]!.reduce((sum, value, j) => sum + value * vectors[i]![j]!, 0)
        if (how === 'cosine') expect(cosine).toBeGreaterThanOrEqual(0.95 - 1e-6)
        else expect(closeness).toBeLessThanOrEqual(2)
      }
    }
    for (const { kept } of report.groups()) expect(seen.has(kept)).toBe(false)
    expect(seen.size).toBe(report.duplicates)
    expect(seen.size).toBeGreaterThan(100)
  })

  test('a dry run hides nothing; hide() does, once; the cost comes first', async () => {
    const rows = [row('a', { phash: '0000000000000000' }), row('b', { phash: '0000000000000001' })]
    const source = memorySource(rows, [at(0), at(90)])
    const costs: string[] = []
    const report = await dedupe(source, { onCost: ({ text }) => costs.push(text) })
    expect(costs).toEqual([
      '2 rows: at most 1 pairs of hashes and 1 pairs of vectors (2 multiply-adds), 1 MiB of memory; most pairs are decided by far less',
    ])
    expect(source.hidden).toEqual([])
    expect(await report.hide()).toBe(1)
    expect(await report.hide()).toBe(0)
    expect(source.hidden).toEqual([{ id: 'b', reason: report.reason }])
    const found = []
    for await (const one of report.list()) found.push(one)
    expect(found).toEqual([{ id: 'b', kept: 'a', how: 'hash', closeness: 1 }])
    const direct = memorySource(rows, [at(0), at(90)])
    await dedupe(direct, { dryRun: false })
    expect(direct.hidden).toHaveLength(1)
  })

  test('what throws in onCost stops it; bad options say so', async () => {
    const source = memorySource([row('a')], [at(0)])
    const stop = () => {
      throw new Error('too much')
    }
    await expect(dedupe(source, { onCost: stop })).rejects.toThrow('too much')
    await expect(dedupe(source, { minCosine: 0 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
    await expect(dedupe(source, { maxHamming: 65 })).rejects.toHaveCode('ERR_WORDMASK_INVALID_ARGUMENT')
    await expect(dedupe(source, { minCosin: 0.9 } as DedupeOptions)).rejects.toHaveCode('ERR_WORDMASK_UNKNOWN_OPTION', /minCosine/)
  })
})
