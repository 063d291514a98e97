// A pool of unseen scenes in which a few names are rare and a few absent; half of it comes from fixed-background "sites", as a camera
// that never moves gives them, and half of the pictures of a rare name from one site.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { seeded } from '../curation/pool.mjs'

export const side = 96
const leastShare = 0.1
const atOnce = 64

/** Concepts of the pack: `rare` are shown a few times, `absent` never, `common` as often as they come. */
export function chooseRare(pack, count, seed) {
  const next = seeded(seed * 7919 + 41)
  const order = Array.from({ length: pack.concepts }, (_, i) => i)
  for (let i = order.length - 1; i > 0; i--) {
    const j = Math.floor(next() * (i + 1))
    ;[order[i], order[j]] = [order[j], order[i]]
  }
  return { rare: order.slice(0, count), absent: order.slice(count, 2 * count), common: order.slice(2 * count) }
}

/**
 * Writes `images` pictures to folder/<site or "free">/: half of them from `sites` sites, each the background of a scene that stands still, with the
 * largest thing of another scene put on it in changing light. A rare name is shown `each` times, alone and on at least `leastShare` of the
 * picture; half of these at one site. -> { id, image, present, site } of every picture
 */
export async function writePool({ pack, names, images, each, sites, seed, folder }) {
  const next = seeded(seed + 5)
  const stream = scenesOf(pack, seed)
  const grounds = []
  while (grounds.length < sites) {
    const { objects, render } = (await stream.next()).value
    if (objects.length !== 1) continue
    const scene = await render()
    if (things(scene)[0].share < 0.3) grounds.push(emptied(scene))
  }
  const siteName = (site) => (site === sites ? 'free' : `site-${String(site).padStart(2, '0')}`)
  for (let i = 0; i <= sites; i++) mkdirSync(join(folder, siteName(i)), { recursive: true })
  const have = new Map(names.rare.map((name) => [name, { free: 0, home: 0 }]))
  const homes = new Map(names.rare.map((name, i) => [name, i % sites]))
  const left = Array.from({ length: sites + 1 }, (_, site) => Math.round(images / 2 / (site === sites ? 1 : sites)))
  // Places for the rare names are kept, so that the pool does not end before they have come.
  let kept = names.rare.length * each
  const rows = []
  for (let index = 0; rows.length < images; index++) {
    const { present, objects, render } = (await stream.next()).value
    if (present.some((name) => names.absent.includes(name))) continue
    const [rare, ...more] = present.filter((name) => have.has(name))
    if (more.length > 0) continue
    let site = next() < 0.5 ? sites : Math.floor(next() * sites)
    const state = have.get(rare)
    if (state) {
      if (state.free + state.home >= each || objects.length > 1) continue
    } else {
      if (images - rows.length <= kept) continue
      if (left[site] <= 0) site = left.findIndex((n) => n > 0)
      if (site < 0 || objects.length === 0) continue
    }
    const scene = await render()
    const [thing] = things(scene)
    if (state) {
      if (thing.share < leastShare) continue
      site = state.free <= state.home ? sites : homes.get(rare)
      state[site === sites ? 'free' : 'home']++
      kept--
    }
    left[site]--
    const picture = site === sites ? scene : onGround(grounds[site], scene, thing.name, 0.8 + 0.4 * next())
    const file = join(folder, siteName(site), `${String(index).padStart(6, '0')}.png`)
    await writePng(file, picture.pixels)
    rows.push({ id: `${siteName(site)}/${index}`, image: file, present: picture.present, site: site === sites ? null : siteName(site) })
  }
  return { rows, have: Object.fromEntries([...have].map(([name, { free, home }]) => [pack.names[name], free + home])) }
}

/** Scenes beyond the pool, `each` of every rare name. -> pixels, labels (names of the pack), the rare names shown */
export async function truthScenes({ pack, names, each, seed }) {
  const have = new Map(names.rare.map((name) => [name, 0]))
  const scenes = []
  for await (const { present, render } of scenesOf(pack, seed)) {
    if (!present.some((name) => have.get(name) < each)) continue
    const { pixels, labels } = await render()
    const wanted = things({ labels, concepts: pack.concepts })
      .filter(({ name, share }) => share >= leastShare && have.get(name) < each)
      .map(({ name }) => name)
    for (const name of wanted) have.set(name, have.get(name) + 1)
    if (wanted.length > 0) scenes.push({ image: { ...pixels, channels: 3 }, labels, present: wanted })
    if ([...have.values()].every((n) => n >= each)) return scenes
  }
}

/** Things of a scene with the share of the picture that they have, largest first. */
function things({ labels, concepts }) {
  const counts = new Map()
  for (const label of labels) if (label < concepts) counts.set(label, (counts.get(label) ?? 0) + 1)
  return [...counts].map(([name, n]) => ({ name, share: n / labels.length })).sort((a, b) => b.share - a.share)
}

/** A scene without its thing: what lies on the other side of the picture takes its place, or the last pixel that was none of it. */
function emptied(scene) {
  const { pixels, labels, concepts } = scene
  const { width, height } = pixels
  const data = Uint8Array.from(pixels.data)
  let last = labels.findIndex((label) => label >= concepts)
  for (let i = 0; i < width * height; i++) {
    if (labels[i] >= concepts) {
      last = i
      continue
    }
    const across = i - (i % width) + width - 1 - (i % width)
    const from = labels[across] >= concepts ? across : last
    data.set(pixels.data.subarray(3 * from, 3 * from + 3), 3 * i)
  }
  return { pixels: { data, width, height }, present: scene.present.filter((name) => name >= concepts) }
}

/** One thing of a scene on another's picture, which is lit by `light`. */
function onGround(ground, scene, thing, light) {
  const { width, height } = scene.pixels
  const data = Uint8Array.from(ground.pixels.data)
  for (let i = 0; i < width * height; i++) if (scene.labels[i] === thing) data.set(scene.pixels.data.subarray(3 * i, 3 * i + 3), 3 * i)
  const pixels = { data: data.map((value) => Math.min(255, value * light)), width, height }
  return { pixels, present: [...new Set([...ground.present, thing])] }
}

/** Scenes one by one: what each shows, and the call that renders it. Most are passed over. */
async function* scenesOf(pack, seed) {
  const options = { size: side, split: 'unseen', seed }
  for (let index = 0; ; index += atOnce)
    for (const [i, present] of (await pack.present(index, atOnce, options, {})).entries()) {
      const render = async () => ({ ...(await pack.render(index + i, options, {})), concepts: pack.concepts })
      yield { present, objects: present.filter((name) => name < pack.concepts), render }
    }
}

async function writePng(file, { data, width, height }) {
  const raw = { width, height, channels: 3 }
  writeFileSync(file, await sharp(data, { raw }).png({ compressionLevel: 1 }).toBuffer())
}
