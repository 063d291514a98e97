import { hasEnded } from '../run/process-mark'
import type { Heartbeat } from './pulse'
import type { WorkFolder } from './work-folder'

/** A heartbeat of another machine that is older than this is of no use to anybody, in ms. */
const oldHeartbeat = 24 * 3600_000

/** Once everything is done: takes away what dead workers left, and attempts at shards that are done. */
export async function sweep(folder: WorkFolder): Promise<void> {
  const done = new Set(await folder.names('done'))
  for (const attempt of await folder.names('attempts')) {
    if (done.has(attempt.slice(0, attempt.lastIndexOf('.')))) await folder.remove('attempts', attempt)
  }
  for (const worker of await folder.names('workers')) {
    const last = await folder.read<Heartbeat>('workers', worker)
    if (last && (hasEnded(last.process) === true || Date.now() - Date.parse(last.at) > oldHeartbeat)) await folder.remove('workers', worker)
  }
}
