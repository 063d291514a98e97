import type { StatsFlags } from '../commands/stats'
import type { Context } from '../program'
import { speak, table } from '../terminal'
import { size } from './estimate'

export async function showStats(uri: string, options: StatsFlags, _context: Context): Promise<void> {
  const json = options.json ?? false
  const { Archive } = await import('../../index.js')
  const archive = await Archive.open(uri, { readOnly: true, create: false })
  try {
    const stats = await archive.stats()
    const columns = Object.entries(stats.columns).map(([name, type]) => `${name} (${type})`)
    const rejected = Object.entries(stats.rejects).map(([code, n]) => `${n} ${code}`)
    const facts: [string, string][] = [
      ['images', String(stats.rows - stats.crops)],
      ['crops', String(stats.crops)],
      ['hidden', String(stats.hidden)],
      ['rejected', rejected.join(', ') || '0'],
      ['model', `${stats.model.name}, ${stats.model.dim} dimensions`],
      ['made', stats.createdAt],
      ['table', size(stats.bytes)],
      ['journal, not committed yet', size(stats.journalBytes)],
      ['columns for --where', ['width', 'height', 'bytes', 'caption', ...columns].join(', ')],
    ]
    speak(json, { event: 'stats', ...stats }, table(['archive', stats.uri], facts))
    if (!options.rejects) return
    if (!json) speak(false, {}, '')
    for await (const reject of archive.rejects()) {
      const { uri: file, key, code, reason } = reject
      speak(json, { event: 'reject', ...reject }, `${code}  ${file}${key === undefined ? '' : `: ${key}`}  ${reason}`)
    }
  } finally {
    await archive.close()
  }
}
