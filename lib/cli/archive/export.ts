import type { ExportFlags } from '../commands/export'
import type { Context } from '../program'
import { progress, sayRejected, seconds, shownPath, speak } from '../terminal'

export async function exportSet(curated: string, options: ExportFlags & { into: string }, context: Context): Promise<void> {
  const json = options.json ?? false
  const { Archive, CuratedSet } = await import('../../index.js')
  const { format, into, copy, link, shardSize, overwrite } = options
  const loaded = await CuratedSet.load(curated)
  // Vectors are in the archive alone.
  const archive =
    format === 'clip-retrieval'
      ? await Archive.open(options.archive ?? loaded.origin.archive, { readOnly: true, create: false })
      : undefined
  const started = Date.now()
  const bar = await progress('exporting', loaded.size, json)
  try {
    const set = archive === undefined ? loaded : await archive.loadCurated(curated)
    const report = await set
      .export({
        format,
        into,
        copy,
        link,
        shardSize,
        overwrite,
        signal: context.interrupt.stop,
        onProgress: (done, total) => bar.step(done, total),
      })
      .finally(() => bar.stop())
    for (const { uri, key, reason } of report.rejected) sayRejected(key === undefined ? uri : `${uri}: ${key}`, reason)
    const ms = Date.now() - started
    const rejected = report.rejected.length > 0 ? `, ${report.rejected.length} rejected (rejects.jsonl)` : ''
    speak(
      json,
      { event: 'summary', ...report, ms },
      `${report.images} images as ${format}${rejected} in ${seconds(ms)}: ${shownPath(report.into)}`,
    )
  } finally {
    await archive?.close()
  }
}
