import type { CreateIndexFlags } from '../commands/create-index'
import type { Context } from '../program'
import { progress, seconds, speak, table } from '../terminal'
import { exitCodes } from '../usage'
import { openWithModel } from './open'

export async function indexArchive(uri: string, options: CreateIndexFlags, context: Context): Promise<void> {
  const json = options.json ?? false
  const { type, targetRecall, partitions } = options
  const { archive, model } = await openWithModel(uri, options, context, { create: false })
  const bar = await progress('measuring', 0, json)
  try {
    const onProgress = (done: number, total: number | undefined) => bar.step(done, total)
    const report = await archive.createIndex({ type, targetRecall, partitions, signal: context.interrupt.stop, onProgress })
    bar.stop()
    const of = (name: string, recall: { at10: number; at100: number } | undefined) =>
      recall === undefined ? [] : [[name, recall.at10.toFixed(3), recall.at100.toFixed(3)]]
    const measured = table(['recall of the exact answer', 'at 10', 'at 100'], [...of('texts', report.text), ...of('images', report.image)])
    const times = `${report.millisecondsPerQuery.toFixed(1)} ms a query, ${report.exactMillisecondsPerQuery.toFixed(1)} ms exactly`
    const slow = report.millisecondsPerQuery >= report.exactMillisecondsPerQuery
    const verdict = !report.reached
      ? `The target of ${targetRecall} is not reached by ${type}: try --type ivf-flat, or search exactly (the default)`
      : slow
        ? `Every recall is at least ${targetRecall}, but it is no faster than exact search (the default), which needs no index: ${times}`
        : `Every recall is at least ${targetRecall}, with ${times}. Use it: wordmask search ${uri} "words" --approximate`
    speak(
      json,
      { event: 'index', ...report },
      `${report.type} over ${report.rows} rows in ${seconds(1000 * report.seconds)}\n\n${measured}\n\n${verdict}`,
    )
    if (!report.reached) context.exitCode = exitCodes.failure
  } finally {
    bar.stop()
    await archive.close()
    model.clip.dispose()
  }
}
