// Images of fixed cameras, put together from rendered scenes: a site is one scene, and things cut out of others come and go in it.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { seeded } from '../curation/pool.mjs'
import { options, pngOf, render } from './pool.mjs'

const atOnce = 64
/** Pictures of a thing, in all its drawing styles, and pixels that each must have. */
const cutouts = 24
const [smallest, largest] = [350, 3500]

/** Where the images of a site lie; site i is the home of thing i. */
export const siteFolder = (folder, site) => join(folder, `site-${String(site).padStart(2, '0')}`)

/**
 * Writes sites/each images below `folder`, a folder a site. Thing i lives at site i: an image there shows it, or in `away` of the images
 * any of the others, each as often. -> what each file shows: name, and the pixels of it, 1 or 0
 */
export async function makeSites({ pack, chosen, seed, sites, each, away, folder }) {
  const { pictures, cuts } = await materials(pack, chosen, seed, sites)
  const shows = new Map()
  for (let site = 0; site < sites; site++) {
    const place = siteFolder(folder, site)
    mkdirSync(place, { recursive: true })
    const next = seeded(seed * 7919 + site)
    const below = (n) => Math.floor(next() * n)
    const others = chosen.filter((_, i) => i !== site)
    for (let i = 0; i < each; i++) {
      const guest = Math.floor((i + 1) * away) - Math.floor(i * away) === 1
      const name = guest ? others[Math.floor(i * away) % others.length] : chosen[site]
      const { pixels, mask } = paste(pictures[site], cuts.get(name)[below(cuts.get(name).length)], next)
      const uri = join(place, `${String(i).padStart(4, '0')}.png`)
      writeFileSync(uri, await pngOf(pixels))
      shows.set(uri, { name, mask })
    }
  }
  return shows
}

/** A scene without the chosen things for each site, and cut-outs of each thing. What nothing is wanted of is not painted. */
export async function materials(pack, chosen, seed, sites) {
  const pictures = []
  const cuts = new Map(chosen.map((name) => [name, []]))
  const lacks = (name) => cuts.get(name).length < cutouts
  for (let first = 0; pictures.length < sites || chosen.some(lacks); first += atOnce) {
    const shown = await pack.present(first, atOnce, options(seed), {})
    const scenes = shown.map((present, i) => ({ index: first + i, here: present.filter((name) => cuts.has(name)) }))
    const wanted = scenes.filter(({ here }) => (here.length === 0 ? pictures.length < sites : here.some(lacks)))
    const painted = await Promise.all(wanted.map(async (one) => ({ ...one, ...(await render(pack, one.index, seed)) })))
    for (const { here, pixels, labels } of painted) {
      if (here.length === 0 && pictures.length < sites) pictures.push(pixels)
      for (const name of here.filter(lacks)) {
        const mask = labels.map((label) => (label === name ? 1 : 0))
        const area = mask.reduce((sum, one) => sum + one, 0)
        if (area >= smallest && area <= largest) cuts.get(name).push({ pixels, mask })
      }
    }
  }
  return { pictures, cuts }
}

/** The thing at a place of its own inside the picture; the whole a little lighter or darker, with noise, as cameras have it. */
function paste({ data, width, height }, { pixels, mask }, next) {
  const columns = [...mask.keys()].filter((i) => mask[i] === 1).map((i) => i % width)
  const rows = [...mask.keys()].filter((i) => mask[i] === 1).map((i) => Math.floor(i / width))
  const within = (low, high) => low + Math.floor(next() * (high - low + 1))
  const dx = within(-Math.min(...columns), width - 1 - Math.max(...columns))
  const dy = within(-Math.min(...rows), height - 1 - Math.max(...rows))
  const shown = new Uint8Array(mask.length)
  const out = Uint8Array.from(data)
  for (const [i, x] of columns.entries()) {
    const [from, to] = [rows[i] * width + x, (rows[i] + dy) * width + x + dx]
    out.set(pixels.data.subarray(from * 3, from * 3 + 3), to * 3)
    shown[to] = 1
  }
  const gain = 0.94 + 0.12 * next()
  for (let i = 0; i < out.length; i++) out[i] = Math.max(0, Math.min(255, Math.round(out[i] * gain + 6 * (next() - 0.5))))
  return { pixels: { data: out, width, height }, mask: shown }
}
