// Pictures of scenes on the disk, some with names that are rare in them.
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

const atOnce = 64
/** A drawn name is the only thing of its picture, on so much of it. */
export const leastShare = 0.1

/**
 * The first scenes of a seed that show none of the `drawn` names, or one of them alone and large enough; each of these `shown` times. Written as
 * WebP. -> in their order: file, caption, names present, labels
 */
export async function renderInto(folder, { pack, drawn, size, seed, count, shown }) {
  mkdirSync(folder, { recursive: true })
  const options = { size, split: 'unseen', seed }
  const left = new Map([[undefined, count - drawn.length * shown], ...drawn.map((name) => [name, shown])])
  const scenes = []
  for (let first = 0; scenes.length < count; first += atOnce)
    for (const [i, present] of (await pack.present(first, atOnce, options, {})).entries()) {
      const name = present.find((one) => left.has(one))
      if (left.get(name) === 0 || (name !== undefined && present.filter((one) => one < pack.concepts).length > 1)) continue
      const { pixels, labels, caption } = await pack.render(first + i, options, {})
      if (name !== undefined && labels.reduce((n, label) => n + Number(label === name), 0) < leastShare * labels.length) continue
      left.set(name, left.get(name) - 1)
      const file = join(folder, `${String(first + i).padStart(6, '0')}.webp`)
      if (!existsSync(file)) await webp(pixels).toFile(file)
      scenes.push({ file, caption, present, labels })
    }
  return scenes
}

const webp = ({ data, width, height }) => sharp(data, { raw: { width, height, channels: 3 } }).webp({ quality: 90, effort: 4 })
