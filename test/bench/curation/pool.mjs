// A pool of unseen scenes in which some names are shown and others are not: what curation is measured on.
import { createHash } from 'node:crypto'
import { createRequire } from 'node:module'
import sharp from 'sharp'

const { perceptualHash } = createRequire(import.meta.url)('../../../dist/archive/phash.js')

/** Scenes looked at together: some 80 of them are taken. */
const atOnce = 512
/** Names left out of the pool, names of which few images are let in, and how many. */
const ABSENT = 40
const FEW = [5, 5, 5, 5, 8, 8, 12, 12, 20, 20, 30, 30, 50, 50, 100, 100]
/** Words that no scene shows and no caption has, but templates have: the model can read them. */
export const OUTSIDE = ['tattoo', 'origami', 'graffiti', 'sculpture', 'video game', 'toy', 'doodle', 'sketch', 'rendering', 'plushie']

/** Numbers in [0, 1) that are the same everywhere (mulberry32). */
export function seeded(seed) {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

export function choose(concepts, seed) {
  const next = seeded(seed * 7919 + 11)
  const order = Array.from({ length: concepts }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  const few = order.slice(ABSENT, ABSENT + FEW.length)
  return { absent: order.slice(0, ABSENT), limits: new Map(few.map((name, i) => [name, FEW[i]])), present: order.slice(ABSENT) }
}

/**
 * Puts scenes into the pool until there are `count` or `seconds` are over; scenes that show a name that is left out, or of which there
 * are enough, are passed over. `begun`: what an earlier call gave, to go on from.
 * -> rows with ids, hashes and the names shown, vectors [n, dim], and how many scenes were looked at
 */
export async function makePool({ pack, clip, seed, count, seconds, begun }) {
  const chosen = choose(pack.concepts, seed)
  const absent = new Set(chosen.absent)
  const shown = new Map(begun?.shown)
  const rows = [...(begun?.rows ?? [])]
  const vectors = begun ? [begun.vectors] : []
  const until = Date.now() + seconds * 1000
  const options = { size: 96, split: 'unseen', seed }
  const full = (name) => absent.has(name) || (shown.get(name) ?? 0) >= (chosen.limits.get(name) ?? Infinity)
  let lookedAt = begun?.lookedAt ?? 0
  for (; rows.length < count && Date.now() < until; lookedAt += atOnce) {
    const taken = []
    for (const [i, present] of (await pack.present(lookedAt, atOnce, options, {})).entries()) {
      if (rows.length + taken.length === count || present.some(full)) continue
      for (const name of present) shown.set(name, (shown.get(name) ?? 0) + 1)
      taken.push(lookedAt + i)
    }
    if (taken.length === 0) continue
    const scenes = await Promise.all(taken.map(async (index) => ({ ...(await pack.render(index, options, {})), index })))
    const { data } = await clip.encodeImage(
      scenes.map(({ pixels }) => ({ ...pixels, channels: 3 })),
      { batchSize: 64 },
    )
    vectors.push(data)
    rows.push(...(await Promise.all(scenes.map(describe))))
  }
  return { rows, vectors: join(vectors), chosen, shown, lookedAt }
}

async function describe({ pixels, present, index, caption }) {
  const { data, width, height } = pixels
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer()
  const id = String(index).padStart(7, '0')
  return {
    ...{ id, uri: `/scenes/${id}.png`, width, height, bytes: png.length, sha256: createHash('sha256').update(png).digest('hex') },
    ...{ phash: await perceptualHash(pixels), caption, addedAt: '2026-11-21T00:00:00.000Z', present: new Set(present) },
  }
}

export function join(parts) {
  const all = new Float32Array(parts.reduce((n, part) => n + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}

/** What curation asks of an archive, over vectors in memory. */
export function poolSource(rows, vectors, dim) {
  const at = (row) => vectors.subarray(row * dim, (row + 1) * dim)
  // The same queries come again with every setting that is measured.
  const ranked = new Map()
  const rankingOf = (query) => {
    const key = Buffer.from(query.buffer, query.byteOffset, query.byteLength).toString('base64')
    if (!ranked.has(key)) {
      const scores = Float32Array.from(rows, (_, row) => dot(query, at(row)))
      const order = Uint32Array.from(rows, (_, row) => row).sort((a, b) => scores[b] - scores[a] || a - b)
      ranked.set(key, { order, scores })
    }
    return ranked.get(key)
  }
  return {
    size: rows.length,
    dim,
    async top(queries, wanted) {
      const k = Math.min(wanted, rows.length)
      const q = queries.length / dim
      const answer = { rows: new Int32Array(q * k), scores: new Float32Array(q * k), k }
      for (let i = 0; i < q; i++) {
        const { order, scores } = rankingOf(queries.subarray(i * dim, (i + 1) * dim))
        for (let j = 0; j < k; j++) {
          answer.rows[i * k + j] = order[j]
          answer.scores[i * k + j] = scores[order[j]]
        }
      }
      return answer
    },
    vectors: async (list) => join(list.map(at)),
    rows: async (list) => list.map((row) => rows[row]),
    find: async (ids) => ids.map((id) => rows.findIndex((row) => row.id === id)),
    contents: async (ids) => rows.filter(({ id }) => ids.includes(id)).map(({ sha256 }) => sha256),
  }
}

export function dot(a, b) {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i]
  return sum
}
