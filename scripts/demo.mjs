// npm run demo: installs and builds what is missing, then segments the sample pictures by a list of names with the
// built-in model; writes label maps, overlays and one page that shows them side by side.
import { createRequire } from 'node:module'
import { join, relative } from 'node:path'
import { parseArgs } from 'node:util'
import { build } from './build.mjs'
import { main, root, StepError } from './steps.mjs'

const usage = 'usage: npm run demo -- [--clip MODEL] [--into FOLDER] [--samples FOLDER]'
const builtIn = 'scenes'

await main(async () => {
  const { clip = builtIn, into = join(root, 'wordmask-demo'), samples = join(root, 'models', 'samples') } = options()
  const libtorch = await build()
  process.env.WORDMASK_LIBTORCH = libtorch.root
  const dist = createRequire(join(root, 'dist', 'index.js'))
  const { Clip, Segmenter } = dist('./index.js')
  const { readSamples } = dist('./report/samples.js')
  const { gallery } = dist('./report/gallery.js')
  const { binding } = dist('./binding.js')

  const set = await readSamples(samples)
  const note = `The built-in model "${builtIn}" is a demonstration model for drawings. For photographs: npm run -s wordmask -- model pull ViT-B-32/laion2b_s34b_b79k`
  if (clip === builtIn) process.stderr.write(`note: ${note}\n`)
  const model = await Clip.load(clip)
  const segmenter = await Segmenter.create({ method: 'maskclip', clip: model, classes: set.classes })
  process.stdout.write(
    `\n${set.samples.length} pictures, ${set.classes.length} names, model ${model.info.name} on ${model.info.device}\n\n`,
  )
  const lines = [['image', 'names found (share of the picture)', 'time', 'mIoU all', 'present']]
  const { page, miou } = await gallery({
    segmenter,
    classes: set.classes,
    samples: set.samples,
    into,
    confusion: binding().confusion,
    title: 'wordmask: pictures segmented by names',
    lead: [
      `${set.samples.length} pictures, asked for all ${set.classes.length} names of the list; without a background rule every pixel gets the name that fits best.`,
      `Model: ${model.info.name} (${model.info.device}, ${model.info.dtype}), trained on captions alone: it has never seen a mask.`,
    ],
    footer: [note, 'Pictures are drawn from emoji artwork; credits are in THIRD_PARTY.md.'],
    onRow: ({ name, found, ms, miou, miouPresent }) =>
      lines.push([name, describe(found), `${Math.round(ms)} ms`, miou?.toFixed(2) ?? '', miouPresent?.toFixed(2) ?? '']),
  })
  model.dispose()
  process.stdout.write(`${layOut(lines)}\n\n`)
  if (!Number.isNaN(miou.all)) {
    process.stdout.write(`mIoU over all names      ${miou.all.toFixed(3)}  (chance ${miou.chanceAll.toFixed(3)})\n`)
    process.stdout.write(`mIoU over present names  ${miou.present.toFixed(3)}  (chance ${miou.chancePresent.toFixed(3)})\n\n`)
  }
  const shown = relative(process.cwd(), into) || '.'
  process.stdout.write(
    `Label maps: ${join(shown, 'labels')}   overlays: ${join(shown, 'overlay')}   page: ${relative(process.cwd(), page)}\n\n`,
  )
  if (clip === builtIn) process.stderr.write(`note: ${note}\n`)
  process.stdout.write(next(shown))
})

function options() {
  try {
    const text = { type: 'string' }
    return parseArgs({ options: { clip: text, into: text, samples: text } }).values
  } catch (error) {
    throw new StepError(`${error.message}\n${usage}`)
  }
}

function describe(found) {
  return found
    .slice(0, 4)
    .map(({ name, share }) => `${name} ${Math.round(100 * share)}%`)
    .join(', ')
}

function layOut(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)))
  return rows.map((row) => row.map((cell, i) => (i > 1 ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ')).join('\n')
}

function next(shown) {
  return `What to type next:
  xdg-open ${join(shown, 'index.html')}
  npm run -s wordmask -- segment YOUR-PICTURE.png --classes "dog,grass,sky" --into out
  npm run -s wordmask -- --help
`
}
