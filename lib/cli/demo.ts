import { join, resolve } from 'node:path'
import { commandLine } from '../doctor/native'
import { modelsFolder } from '../folders'
import type { Beside } from '../report/beside'
import type { Gallery, GalleryRow } from '../report/gallery'
import { refuseOtherRun } from '../run/output-folder'
import { RunRecord, readRunIfAny } from '../run/run-file'
import type { DemoFlags } from './commands/demo'
import { loadModel } from './model'
import type { Context } from './program'
import { figure, percent, seconds, shownPath, speak, table } from './terminal'

/** Segments the samples, prints a table, writes the page and everything on it. */
export async function showDemo(options: DemoFlags, context: Context): Promise<void> {
  const json = options.json ?? false
  const into = resolve(options.into)
  const { stop } = context.interrupt
  const { readSamples } = await import('../report/samples.js')
  const { samples, classes } = await readSamples(resolve(options.samples ?? join(modelsFolder, 'samples')))
  const { clip, facts, notes } = await loadModel(options, context)
  const { Segmenter } = await import('../index.js')
  const { gallery } = await import('../report/gallery.js')
  const { commonNames, searchItems } = await import('../report/searches.js')
  const { besideItems } = await import('../report/beside.js')
  const { binding } = await import('../binding.js')
  const run = {
    ...{ ...facts, command: 'demo', argv: context.argv, cwd: process.cwd(), classes: classes.map(({ name }) => name), seed: 0, notes },
    settings: { samples: options.samples ?? 'shipped', weights: facts.model.weights.map(({ sha256 }) => sha256), dtype: options.dtype },
  }
  // An earlier demo is drawn over, with whatever model; results of another command are not.
  if ((await readRunIfAny(into))?.command !== 'demo') await refuseOtherRun(into, run, undefined)
  const record = await RunRecord.start(into, run)
  const names = `${samples.length} pictures, asked for all ${classes.length} names of the list`
  const rows: GalleryRow[] = []
  // The pool of ReCo is rendered, too: it has nothing to find for other pictures, and is long to index for large models.
  const withReco = options.samples === undefined && clip.source.card !== undefined
  let beside: Beside | undefined
  try {
    const segmenter = await Segmenter.create({ method: 'maskclip', clip, classes })
    const shown = await gallery({
      ...{ segmenter, classes, samples, into, stop, confusion: binding().confusion },
      title: 'wordmask: pictures segmented by names',
      lead: [
        `${names}; without a background rule every pixel gets the name that fits best.`,
        `Model: ${clip.info.name} (${clip.info.device}, ${clip.info.dtype}, licence ${clip.info.licence}).`,
      ],
      footer: [
        ...notes,
        ...(options.samples === undefined ? ['Pictures are drawn from emoji artwork; credits are in THIRD_PARTY.md.'] : []),
        ...(withReco ? [] : ['ReCo is shown beside dense CLIP with the shipped pictures and a built-in model only.']),
      ],
      more: async (shown) => {
        if (stop.aborted) return []
        const searches = await searchItems(join(into, 'pictures.archive'), clip, samples, commonNames(shown), stop)
        if (!withReco || stop.aborted) return searches
        beside = await besideItems({ clip, samples, classes, into: join(into, 'reco'), signal: stop })
        return [...searches, ...beside.items]
      },
      onRow: (row) => {
        record.counts.done = rows.push(row)
        speak(json, { event: 'image', ...row }, undefined)
      },
    })
    await record.finish(stop.aborted ? 'interrupted' : 'done')
    if (json) speak(true, { event: 'summary', into, page: shown.page, ...shown.miou, ...(beside && { beside: beside.miou }) }, undefined)
    else {
      const head = `${names}; model ${clip.info.name} on ${clip.info.device}`
      speak(false, {}, `${head}\n\n${describe(rows, shown)}${besideLine(beside)}\n${next(into, beside)}`)
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

function next(into: string, beside: Beside | undefined): string {
  const folder = shownPath(into)
  const reco = beside ? `\n  ${commandLine()} segment YOUR-PICTURE.png --model ${join(folder, 'reco', 'segmenter')} --into out` : ''
  return `Label maps, overlays and the page are in ${folder}.

What to type next:
  xdg-open ${join(folder, 'index.html')}
  ${commandLine()} segment YOUR-PICTURE.png --classes "dog,grass,sky" --into out${reco}
  ${commandLine()} search ${join(folder, 'pictures.archive')} "a photo of grass"
  ${commandLine()} specialist "YOUR THING" --archive YOUR.archive --into specialist
  ${commandLine()} --help`
}
