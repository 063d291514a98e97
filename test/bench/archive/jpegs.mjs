// Rendered scenes as JPEGs of 320 x 240, drawn once into build/: nobody has trained on them.
import { existsSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'
import { checkout } from '../harness/folders.mjs'
import { built } from './common.mjs'

const drawnAtOnce = 6

/** A folder of exactly `count` of them, and their paths; folders of one seed share the files. */
export async function jpegs({ count, seed }) {
  const kept = join(checkout, 'build', 'bench-jpegs', String(seed))
  const [all, folder] = [join(kept, 'all'), join(kept, String(count))]
  const names = Array.from({ length: count }, (_, i) => `${String(i).padStart(5, '0')}.jpg`)
  if (!existsSync(folder)) {
    mkdirSync(all, { recursive: true })
    await draw(all, names, seed)
    rmSync(`${folder}.partial`, { recursive: true, force: true })
    mkdirSync(`${folder}.partial`)
    for (const name of names) linkSync(join(all, name), join(`${folder}.partial`, name))
    renameSync(`${folder}.partial`, folder)
  }
  return { folder, files: names.map((name) => join(folder, name)) }
}

async function draw(folder, names, seed) {
  const { mapOrdered } = built('image/stream.js')
  const pack = await built('binding.js')
    .binding()
    .ScenePack.open([join(checkout, 'models/scenes/scenes.pack')], {})
  const one = async (name, index) => {
    const file = join(folder, name)
    if (existsSync(file)) return
    const { data, width, height } = (await pack.render(index, { size: 320, split: 'unseen', seed }, {})).pixels
    const scene = sharp(data, { raw: { width, height, channels: 3 } }).extract({ left: 0, top: 40, width: 320, height: 240 })
    writeFileSync(`${file}.partial`, await scene.jpeg({ quality: 90 }).toBuffer())
    renameSync(`${file}.partial`, file)
  }
  for await (const _ of mapOrdered(names, one, { concurrency: drawnAtOnce }));
}
