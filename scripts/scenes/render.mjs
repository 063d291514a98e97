// Scenes as a data set on disk: images/, labels/ (palette PNG), captions.jsonl, classes.txt, credits in README.md.
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { encode } from 'fast-png'
import sharp from 'sharp'
import { voc } from './palette.mjs'

const root = join(import.meta.dirname, '../..')
const json = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'))

function readme({ split, size, seed, first, count }, command) {
  const { styles, heldout } = json('models/scenes/styles.json')
  const used = split === 'heldout' ? [heldout] : styles.filter((style) => split === 'train' || !style.trainingOnly)
  const credits = used.map(
    (s) => `- ${s.work}, ${s.author}, ${s.licence}, ${s.url} (from ${s.package}@${s.version}; trimmed, resized, recoloured, composed)`,
  )
  const share = split === 'heldout' ? '\n\nOpenMoji is CC BY-SA 4.0: what is made of these pictures must carry the same licence.' : ''
  return `# Scenes

${count} scenes of ${size} px (split '${split}', seed ${seed}, from index ${first}), rendered by wordmask:

    ${command}

- \`images/\`: RGB pictures
- \`labels/\`: palette PNG of the same size; value i is line i + 1 of \`classes.txt\`, 255 (unused) is ignore
- \`captions.jsonl\`: a line a picture: its file, a caption of everything, two more as training draws them, the names shown
- \`classes.txt\`: a name a line

Backgrounds are procedural. The artwork is by:

${credits.join('\n')}${share}
`
}

/** One scene -> one picture and one label map. */
async function writeScene(folder, name, scene) {
  const { data, width, height } = scene.pixels
  await sharp(data, { raw: { width, height, channels: 3 } })
    .png({ compressionLevel: 9 })
    .toFile(join(folder, 'images', `${name}.png`))
  writeFileSync(join(folder, 'labels', `${name}.png`), encode({ width, height, data: scene.labels, depth: 8, channels: 1, palette: voc }))
}

export async function render({ split, size, seed, first, count, into, packs, indices }) {
  const compiled = join(root, 'dist/binding.js')
  if (!existsSync(compiled)) throw new Error(`${compiled} is missing. Run: npm run build`)
  if (existsSync(into) && readdirSync(into).length > 0) throw new Error(`${into} is not empty; give a new folder`)
  const { ScenePack } = createRequire(import.meta.url)(compiled).binding()
  const pack = await ScenePack.open(packs, {})
  const part = `${into}.part`
  rmSync(part, { recursive: true, force: true })
  for (const folder of ['images', 'labels']) mkdirSync(join(part, folder), { recursive: true })
  const wanted = indices ?? Array.from({ length: count }, (_, i) => first + i)
  const lines = []
  for (const index of wanted) {
    const scene = await pack.render(index, { size, split, seed }, {})
    const name = String(index).padStart(6, '0')
    await writeScene(part, name, scene)
    const [mixed, one] = scene.captions
    lines.push(
      JSON.stringify({
        image: `images/${name}.png`,
        labels: `labels/${name}.png`,
        caption: scene.caption,
        captions: [mixed, one],
        present: scene.present.map((i) => pack.names[i]),
      }),
    )
  }
  writeFileSync(join(part, 'captions.jsonl'), `${lines.join('\n')}\n`)
  writeFileSync(join(part, 'classes.txt'), `${pack.names.join('\n')}\n`)
  writeFileSync(
    join(part, 'dataset.json'),
    `${JSON.stringify({ format: 1, kind: 'scenes', split, size, seed, indices: wanted, names: pack.names, concepts: pack.concepts, styles: pack.styles })}\n`,
  )
  const choice = indices ? `--indices ${indices.join(',')}` : `--first ${first} --count ${count}`
  writeFileSync(
    join(part, 'README.md'),
    readme(
      { split, size, seed, first: wanted[0], count: wanted.length },
      `node scripts/scenes.mjs render --split ${split} --size ${size} --seed ${seed} ${choice} --into DIR`,
    ),
  )
  rmSync(into, { recursive: true, force: true })
  renameSync(part, into)
  return wanted.length
}
