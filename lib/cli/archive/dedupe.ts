import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { rename, rm } from 'node:fs/promises'
import type { DedupeReport } from '../../index'
import type { DedupeFlags } from '../commands/dedupe'
import type { Context } from '../program'
import { progress, shownPath, speak } from '../terminal'

export async function dedupeArchive(uri: string, options: DedupeFlags, context: Context): Promise<void> {
  const json = options.json ?? false
  const { stop } = context.interrupt
  const { Archive } = await import('../../index.js')
  const readOnly = !options.apply && options.undo === undefined
  const archive = await Archive.open(uri, { readOnly, create: false, onNotice: context.note })
  try {
    if (options.undo !== undefined) {
      const restored = await archive.restore(options.undo === true ? undefined : options.undo)
      speak(json, { event: 'restored', rows: restored }, `${restored} images are shown again`)
      return
    }
    const bar = await progress('comparing', 0, json)
    const { exact, hash, cosine, maxHamming, minCosine, apply } = options
    const report = await archive
      .dedupe({
        ...{ exact, maxHamming: hash && maxHamming, minCosine: cosine && minCosine, dryRun: !apply, signal: stop },
        onCost: (cost: { text: string }) => speak(json, { event: 'cost', ...cost }, cost.text),
        onProgress: (_: string, done: number, total: number) => bar.step(done, total),
      })
      .finally(() => bar.stop())
    if (options.into !== undefined) await writeDuplicates(options.into, report, stop)
    const { counts, duplicates, rows, reason } = report
    const parts = `${counts.exact} by bytes, ${counts.hash} by perceptual hash, ${counts.cosine} by vector`
    const next = reason === undefined ? `; hide them: wordmask dedupe ${uri} --apply` : `; undo: wordmask dedupe ${uri} --undo "${reason}"`
    const done = `${reason === undefined ? 'would be hidden' : 'hidden'}${duplicates === 0 ? '' : next}`
    speak(
      json,
      { event: 'dedupe', rows, duplicates, counts, reason, into: options.into },
      `${duplicates} of ${rows} images (${parts}) ${done}`,
    )
    if (options.into !== undefined && !json) speak(false, {}, `Every duplicate with what it is like: ${shownPath(options.into)}`)
  } finally {
    await archive.close()
  }
}

/** Line by line: there may be millions. */
async function writeDuplicates(file: string, report: DedupeReport, signal: AbortSignal): Promise<void> {
  const beside = `${file}.partial`
  const out = createWriteStream(beside)
  const failed = once(out, 'error').then(([error]) => Promise.reject(error))
  failed.catch(() => {})
  try {
    for await (const one of report.list(signal))
      if (!out.write(`${JSON.stringify(one)}\n`)) await Promise.race([once(out, 'drain'), failed])
    await Promise.race([new Promise((resolve) => out.end(resolve)), failed])
    await rename(beside, file)
  } catch (error) {
    out.destroy()
    await rm(beside, { force: true })
    throw error
  }
}
