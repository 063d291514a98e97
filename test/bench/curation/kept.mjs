// Pools are kept in build/curation-pools, so that a change of curation alone is measured in minutes, and a large pool is made in several runs.
import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makePool } from './pool.mjs'

const root = join(import.meta.dirname, '../../..')
export const packFile = join(root, 'models/scenes/scenes.pack')

/** makePool of the same scenes and weights: what earlier runs made of it is taken as it is, and a pool that `seconds` cut short is gone on with. */
export async function keptPool({ pack, clip, seed, count, seconds }) {
  const files = [packFile, ...clip.info.files].map((file) => statSync(file))
  const key = [seed, count, ...files.flatMap(({ size, mtimeMs }) => [size, Math.round(mtimeMs)])].join('-')
  const folder = join(root, 'build/curation-pools', key)
  const begun = read(folder)
  if (begun?.rows.length === count) return begun
  const pool = await makePool({ pack, clip, seed, count, seconds, begun })
  write(folder, pool)
  return pool
}

function read(folder) {
  if (!existsSync(join(folder, 'pool.json'))) return undefined
  const { rows, shown, chosen, file, ...rest } = JSON.parse(readFileSync(join(folder, 'pool.json'), 'utf8'))
  const bytes = readFileSync(join(folder, file))
  return {
    ...{ ...rest, chosen: { ...chosen, limits: new Map(chosen.limits) }, shown: new Map(shown) },
    rows: rows.map((row) => ({ ...row, present: new Set(row.present) })),
    vectors: new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength)),
  }
}

function write(folder, { rows, shown, chosen, vectors, lookedAt }) {
  mkdirSync(folder, { recursive: true })
  const file = `vectors-${rows.length}.f32`
  writeFileSync(join(folder, file), vectors)
  const plain = rows.map((row) => ({ ...row, present: [...row.present] }))
  const about = { file, lookedAt, rows: plain, shown: [...shown], chosen: { ...chosen, limits: [...chosen.limits] } }
  writeFileSync(join(folder, 'pool.json.new'), JSON.stringify(about))
  renameSync(join(folder, 'pool.json.new'), join(folder, 'pool.json'))
}
