import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { commandLine } from '../doctor/native'
import { modelsFolder } from '../folders'
import type { Beside } from '../report/beside'
import type { Gallery, GalleryRow } from '../report/gallery'
import type { Example } from '../report/specialist'
import { refuseOtherRun } from '../run/output-folder'
import { RunRecord, readRunIfAny } from '../run/run-file'
import type { DemoFlags } from './commands/demo'
import { loadModel } from './model'
import type { Context } from './program'
import { figure, percent, quoted, seconds, shownPath, speak, table } from './terminal'
import { UsageError } from './usage'

const samplesFolder = join(modelsFolder, 'samples')
const exampleFolder = join(samplesFolder, 'specialist')

/** Segments the samples, prints a table, writes the page and everything on it. */
export async function showDemo(options: DemoFlags, context: Context): Promise<void> {
  const json = options.json ?? false
  const into = resolve(options.into)
  const { stop } = context.interrupt
  const { readSamples } = await import('../report/samples.js')
  const { samples, classes } = await readSamples(resolve(options.samples ?? samplesFolder))
  const { clip, facts, notes } = await loadModel(options, context)
  const { Segmenter } = await import('../index.js')
  const { gallery } = await import('../report/gallery.js')
  const { commonNames, searchItems } = await import('../report/searches.js')
  const { besideItems } = await import('../report/beside.js')
  const { specialistExample } = await import('../report/specialist.js')
  const { binding } = await import('../binding.js')
  const run = {
    ...{ ...facts, command: 'demo', argv: context.argv, cwd: process.cwd(), classes: classes.map(({ name }) => name), seed: 0, notes },
    settings: { samples: options.samples ?? 'shipped', weights: facts.model.weights.map(({ sha256 }) => sha256), dtype: options.dtype },
  }
  // An earlier demo is drawn over, with whatever model; results of another command are not.
  if ((await readRunIfAny(into))?.command !== 'demo') {
    await refuseOtherRun(into, run, undefined)
    if ((await readdir(into).catch((): string[] => [])).length > 0)
      throw new UsageError(`${shownPath(into)} holds other files, and a demo removes what it made before: choose another --into`)
  }
  const record = await RunRecord.start(into, run)
  const names = `${samples.length} pictures, asked for all ${classes.length} names of the list`
  const rows: GalleryRow[] = []
  const shipped = options.samples === undefined
  // The pool of ReCo is rendered, too: it has nothing to find for other pictures, and is long to index for large models.
  const withReco = shipped && clip.source.card !== undefined
  let beside: Beside | undefined
  let example: Example | undefined
  try {
    const segmenter = await Segmenter.create({ method: 'maskclip', clip, classes })
    const shown = await gallery({
      ...{ segmenter, classes, samples, into, stop, confusion: binding().confusion },
      title: 'wordmask: pictures segmented by names',
      lead: [
        `${names}; without a background rule every pixel gets the name that fits best.`,
        `Model: ${clip.info.name} (${clip.info.device}, ${clip.info.dtype}, licence ${clip.info.licence}).`,
        ...(shipped ? ['Below: a segmenter for one rare thing, from its name alone.'] : []),
      ],
      footer: [
        ...notes,
        ...(shipped ? ['Pictures are drawn from emoji artwork; credits are in THIRD_PARTY.md.'] : []),
        ...(withReco ? [] : ['ReCo is shown beside dense CLIP with the shipped pictures and a built-in model only.']),
      ],
      more: async (shown) => {
        if (stop.aborted) return { items: [], sections: [] }
        const items = await searchItems(join(into, 'pictures.archive'), clip, samples, commonNames(shown), stop)
        if (withReco && !stop.aborted) {
          beside = await besideItems({ clip, samples, classes, into: join(into, 'reco'), signal: stop })
          items.push(...beside.items)
        }
        if (!shipped || stop.aborted) return { items, sections: [] }
        const own = { folder: exampleFolder, into: join(into, 'specialist'), device: clip.info.device }
        example = await specialistExample({ ...own, signal: stop })
        return { items, sections: [example.section] }
      },
      onRow: (row) => {
        record.counts.done = rows.push(row)
        speak(json, { event: 'image', ...row }, undefined)
      },
    })
    await record.finish(stop.aborted ? 'interrupted' : 'done')
    if (json) {
      const more = { ...(beside && { beside: beside.miou }), ...(example && { specialist: { name: example.card.name, ...example.found } }) }
      speak(true, { event: 'summary', into, page: shown.page, ...shown.miou, ...more }, undefined)
    } else {
      const head = `${names}; model ${clip.info.name} on ${clip.info.device}`
      const lines = `${besideLine(beside)}${exampleLine(example)}`
      speak(false, {}, `${head}\n\n${describe(rows, shown)}${lines}\n${next(into, beside, example)}`)
    }
  } catch (error) {
    await record.finish('failed')
    throw error
  } finally {
    clip.dispose()
  }
}

function describe(rows: GalleryRow[], { miou }: Gallery): string {
  const cells = rows.map((row) => [
    row.name,
    found(row),
    seconds(row.ms),
    ...[row.miou, row.miouPresent].map((v) => (v === undefined ? '-' : figure(v))),
  ])
  const lines = [table(['image', 'names found, share of the picture', 'time', 'mIoU all', 'present'], cells), '']
  if (!Number.isNaN(miou.all)) {
    lines.push(`mIoU over all names      ${figure(miou.all)}  (chance ${figure(miou.chanceAll)})`)
    lines.push(`mIoU over present names  ${figure(miou.present)}  (chance ${figure(miou.chancePresent)})`, '')
  }
  return lines.join('\n')
}

const found = (row: GalleryRow) =>
  row.found
    .slice(0, 4)
    .map(({ name, share }) => `${name} ${percent(share)}`)
    .join(', ')

function besideLine(beside: Beside | undefined): string {
  if (!beside) return ''
  const { miou, names } = beside
  return `Asked for the ${names} names that they show: mIoU ${figure(miou.denseClip)} by dense CLIP, ${figure(miou.reco)} by ReCo\n`
}

function exampleLine(example: Example | undefined): string {
  if (!example) return ''
  const { card, found } = example
  const { shownIou, shownRecoIou } = card.figures
  const which = `found in ${found.right} of ${found.shown} pictures that show it and in ${found.wrong} of ${found.without} that do not`
  return `A specialist for "${card.name}", from its name alone: ${which}; IoU ${figure(shownIou.value)} on more of the first (ReCo ${figure(shownRecoIou.value)})\n`
}

function next(into: string, beside: Beside | undefined, example: Example | undefined): string {
  const folder = shownPath(into)
  const reco = beside ? `\n  ${commandLine()} segment YOUR-PICTURE.png --model ${join(folder, 'reco', 'segmenter')} --into out` : ''
  const shipped = quoted(shownPath(exampleFolder))
  const own = example
    ? `\n  ${commandLine()} segment ${join(shipped, 'images')} --model ${shipped} --into ${example.card.name.replaceAll(' ', '-')}`
    : ''
  return `Label maps, overlays and the page are in ${folder}.

What to type next:
  xdg-open ${join(folder, 'index.html')}
  ${commandLine()} segment YOUR-PICTURE.png --classes "dog,grass,sky" --into out${reco}
  ${commandLine()} search ${join(folder, 'pictures.archive')} "a photo of grass"${own}
  ${commandLine()} specialist "YOUR THING" --archive YOUR.archive --into specialist
  ${commandLine()} --help`
}
