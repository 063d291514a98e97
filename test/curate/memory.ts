import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { contentOf } from '../../lib/archive/content'
import type { ArchiveRow } from '../../lib/archive/types'
import { hamming } from '../../lib/curate/near'
import type { CurateSource } from '../../lib/curate/source'
import type { DedupeSource } from '../../lib/dedupe/source'
import { random } from '../helpers/testing'

/** A folder that is gone after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wordmask-curate-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export const unit = (values: number[]): number[] => {
  const norm = Math.hypot(...values)
  return values.map((value) => value / norm)
}

export function row(id: string, more: Partial<ArchiveRow> = {}): ArchiveRow {
  const sha256 = Buffer.from(id).toString('hex').padEnd(64, '0').slice(0, 64)
  const own = { id, uri: `/data/${id}.jpg`, width: 320, height: 240, bytes: 1000, sha256, phash: '', addedAt: '2026-11-21T00:00:00.000Z' }
  return { ...own, ...more }
}

/** Rows and vectors in memory, plain and slow: what an archive answers. */
export function memorySource(
  rows: ArchiveRow[],
  vectors: number[][],
): CurateSource & DedupeSource & { hidden: { id: string; reason: string }[] } {
  const dim = vectors[0]?.length ?? 1
  const flat = vectors.map((vector) => Float32Array.from(vector))
  const dot = (a: ArrayLike<number>, b: ArrayLike<number>) => {
    let sum = 0
    for (let i = 0; i < dim; i++) sum += a[i]! * b[i]!
    return sum
  }
  const allowed = (allow: Uint8Array, i: number) => (allow[i >> 3]! & (1 << (i & 7))) !== 0
  const stars = (priority: Float64Array, allow: Uint8Array, near: (a: number, b: number) => number | undefined) => {
    const order = rows.map((_, i) => i).filter((i) => allowed(allow, i))
    order.sort((a, b) => priority[b]! - priority[a]! || a - b)
    const centres = new Int32Array(rows.length).fill(-1)
    const closeness = new Float32Array(rows.length)
    for (const [p, centre] of order.entries()) {
      if (centres[centre] !== -1) continue
      centres[centre] = centre
      for (const other of order.slice(p + 1)) {
        const value = centres[other] === -1 ? near(centre, other) : undefined
        if (value === undefined) continue
        centres[other] = centre
        closeness[other] = value
      }
    }
    return { centres, closeness }
  }
  const hidden: { id: string; reason: string }[] = []
  return {
    hidden,
    size: rows.length,
    dim,
    async top(queries, k) {
      const q = queries.length / dim
      const answer = { rows: new Int32Array(q * k).fill(-1), scores: new Float32Array(q * k).fill(Number.NEGATIVE_INFINITY), k }
      for (let i = 0; i < q; i++) {
        const query = queries.subarray(i * dim, (i + 1) * dim)
        const scored = flat
          .map((vector, j) => ({ j, score: Math.fround(dot(query, vector)) }))
          .sort((a, b) => b.score - a.score || a.j - b.j)
        for (const [p, { j, score }] of scored.slice(0, k).entries()) {
          answer.rows[i * k + p] = j
          answer.scores[i * k + p] = score
        }
      }
      return answer
    },
    async vectors(list) {
      const data = new Float32Array(list.length * dim)
      for (const [i, at] of list.entries()) data.set(flat[at]!, i * dim)
      return data
    },
    rows: async (list) => list.map((at) => rows[at]!),
    find: async (ids) => ids.map((id) => rows.findIndex((one) => one.id === id)),
    contents: async (ids) => rows.filter(({ id }) => ids.includes(id)).map(contentOf),
    async *facts() {
      yield rows.map((one, i) => ({ ...one, row: i }))
    },
    async hammingStars(hashes, maxHamming, { priority, allow }) {
      const hex = (i: number) => hashes[i]!.toString(16).padStart(16, '0')
      const { centres, closeness } = stars(priority, allow, (a, b) => {
        const bits = hamming(hex(a), hex(b))
        return bits <= maxHamming ? bits : undefined
      })
      return { centres, distances: Uint8Array.from(closeness) }
    },
    async cosineStars(minCosine, { priority, allow }) {
      const { centres, closeness } = stars(priority, allow, (a, b) => {
        const cosine = dot(flat[a]!, flat[b]!)
        return cosine >= minCosine ? cosine : undefined
      })
      return { centres, scores: closeness }
    },
    cosineCost: () => ({ multiplyAdds: ((rows.length * (rows.length - 1)) / 2) * dim, bytes: rows.length * dim * 4 }),
    ids: async (list) => list.map((at) => rows[at]!.id),
    hold: () => () => {},
    async hide(ids, reason) {
      const before = hidden.length
      for await (const id of ids) hidden.push({ id, reason })
      return hidden.length - before
    },
  }
}

/** Seeded unit vectors. */
export function randomUnits(n: number, dim: number, seed: number): number[][] {
  const next = random(seed)
  return Array.from({ length: n }, () => unit(Array.from({ length: dim }, () => next() + next() + next())))
}
