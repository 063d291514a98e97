// A pool of unseen scenes in which every chosen object comes on one background alone, as things do: what ReCo has to see through.
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { seeded } from '../curation/pool.mjs'
import { Archive, packFile, root } from './score.mjs'

const side = 96
const atOnce = 64
const kept = join(root, 'build', 'reco-pools')

/** `objects` objects of the pack, each with the background that it comes on in the pool. */
export function chooseNames(pack, objects, seed) {
  const next = seeded(seed * 7919 + 23)
  const order = Array.from({ length: pack.concepts }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  const backgrounds = Array.from({ length: pack.names.length - pack.concepts }, (_, i) => pack.concepts + i)
  const chosen = order.slice(0, objects)
  return { chosen, backgrounds, home: new Map(chosen.map((object, i) => [object, backgrounds[i % backgrounds.length]])) }
}

/**
 * Writes scenes as PNG until each chosen object and each background has `each` of them, or `seconds` are over. Scenes with another
 * background than that of an object in them are passed over, as are those that show nothing of which there is not enough.
 * -> how many were looked at, how many show each name, and what each file shows (indices of names by file name)
 */
export async function writePool({ pack, names: { chosen, backgrounds, home }, seed, each, seconds, folder }) {
  mkdirSync(folder, { recursive: true })
  const have = new Map([...chosen, ...backgrounds].map((name) => [name, 0]))
  const until = Date.now() + seconds * 1000
  const shows = new Map()
  let lookedAt = 0
  for (let index = 0; Date.now() < until && [...have.values()].some((n) => n < each); index += atOnce) {
    const taken = []
    for (const [i, present] of (await pack.present(index, atOnce, options(seed), {})).entries()) {
      const misplaced = present.some((name) => home.has(name) && !present.includes(home.get(name)))
      const wanted = present.some((name) => have.has(name) && have.get(name) < each)
      if (misplaced || !wanted) continue
      for (const name of present) if (have.has(name)) have.set(name, have.get(name) + 1)
      const file = `${String(index + i).padStart(7, '0')}.png`
      shows.set(file, present)
      taken.push({ file, index: index + i })
    }
    lookedAt += atOnce
    await Promise.all(
      taken.map(async (one) => writeFileSync(join(folder, one.file), await pngOf((await render(pack, one.index, seed)).pixels))),
    )
  }
  return { lookedAt, have: Object.fromEntries([...have].map(([name, n]) => [pack.names[name], n])), shows }
}

export const pngOf = ({ data, width, height }) =>
  sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 1 })
    .toBuffer()

/**
 * A pool in an archive of the CLIP `finder` (rows have the file name as id), test scenes, and the names asked for: the objects, then the
 * backgrounds, which are the contexts as well.
 */
export async function makeWorld({ pack, finder, seed, objects, each, seconds, test, folder }) {
  const names = chooseNames(pack, objects, seed)
  const { photos, shows, ...pool } = await keptPool({ pack, names, seed: 2 * seed + 1000, each, seconds })
  const archive = await Archive.open(join(folder, 'archive'), { clip: finder })
  await archive.add([...shows.keys()].map((file) => ({ id: file, image: join(photos, file) })))
  const { scenes, names: classes } = await testScenes({ pack, names, seed: 2 * seed + 1001, count: test })
  return { archive, pool, shows, names, scenes, classes, contexts: names.backgrounds.map((name) => pack.names[name]) }
}

/** writePool into build/reco-pools, or what an earlier study left there: most scenes are passed over. */
async function keptPool({ pack, names, seed, each, seconds }) {
  const { size, mtimeMs } = statSync(packFile)
  const folder = join(kept, [seed, names.chosen.length, each, size, Math.round(mtimeMs)].join('-'))
  const about = join(folder, 'about.json')
  if (!existsSync(about)) {
    rmSync(folder, { recursive: true, force: true })
    const { shows, ...pool } = await writePool({ pack, names, seed, each, seconds, folder: join(folder, 'photos') })
    const whole = Object.values(pool.have).every((n) => n >= each)
    // What `seconds` cut short depends on the machine.
    writeFileSync(whole ? about : join(folder, 'cut-short.json'), JSON.stringify({ ...pool, shows: [...shows] }))
    return { photos: join(folder, 'photos'), ...pool, shows }
  }
  const { shows, ...pool } = JSON.parse(readFileSync(about, 'utf8'))
  return { photos: join(folder, 'photos'), ...pool, shows: new Map(shows) }
}

/** Scenes that show a chosen object, anywhere: pixels, and labels among `names` (255: neither). */
export async function testScenes({ pack, names: { chosen, backgrounds }, seed, count }) {
  const order = [...chosen, ...backgrounds]
  const scenes = []
  for (let index = 0; scenes.length < count; index += atOnce) {
    for (const [i, present] of (await pack.present(index, atOnce, options(seed), {})).entries()) {
      if (scenes.length === count || !present.some((name) => chosen.includes(name))) continue
      const { pixels, labels } = await render(pack, index + i, seed)
      const truth = labels.map((name) => (order.includes(name) ? order.indexOf(name) : 255))
      scenes.push({ image: { ...pixels, channels: 3 }, truth })
    }
  }
  return { scenes, names: order.map((name) => pack.names[name]) }
}

export const options = (seed) => ({ size: side, split: 'unseen', seed })
export const render = (pack, index, seed) => pack.render(index, options(seed), {})
