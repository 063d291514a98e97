// Pools are kept in build/curation-pools, so that a change of curation alone is measured in minutes.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePool } from './pool.mjs'

const root = join(import.meta.dirname, '../../..')
export const packFile = join(root, 'models/scenes/scenes.pack')

/** makePool, or what an earlier run left of the same scenes and weights. Pools that `seconds` cut short depend on the machine: they are not kept. */
export async function keptPool({ pack, clip, seed, count, seconds }) {
  const files = [packFile, ...clip.info.files].map((file) => statSync(file))
  const folder = join(
    root,
    'build/curation-pools',
    [seed, count, ...files.flatMap(({ size, mtimeMs }) => [size, Math.round(mtimeMs)])].join('-'),
  )
  const [vectorsFile, about] = [join(folder, 'vectors.f32'), join(folder, 'about.json')]
  if (existsSync(about)) {
    const { rows, shown, chosen, ...rest } = JSON.parse(readFileSync(about, 'utf8'))
    const bytes = readFileSync(vectorsFile)
    return {
      ...{ ...rest, chosen: { ...chosen, limits: new Map(chosen.limits) }, shown: new Map(shown) },
      rows: rows.map((row) => ({ ...row, present: new Set(row.present) })),
      vectors: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)),
    }
  }
  const pool = await makePool({ pack, clip, seed, count, seconds })
  if (pool.rows.length < count) return pool
  const { rows, shown, chosen, vectors, ...rest } = pool
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(vectorsFile, vectors)
  const plain = rows.map((row) => ({ ...row, present: [...row.present] }))
  // Last: a folder without it was left in the middle.
  writeFileSync(about, JSON.stringify({ ...rest, rows: plain, shown: [...shown], chosen: { ...chosen, limits: [...chosen.limits] } }))
  return pool
}
