import { settingsKey } from '../run/run-file'
import type { QueueServer } from './redis'

/** One line of the list of runs that a Redis server knows, so that workers find them with nothing but its address. */
export interface QueuedRun {
  /** The work folder. */
  work: string
  /** ISO 8601. */
  since: string
}

/** Name of a run's own queue: workers without its model leave it alone. */
export const queueName = (work: string): string => `run-${settingsKey({ work }).slice(0, 16)}`

const listKey = (prefix: string) => `${prefix}:runs`

/** Adds a run, or leaves it where it is. */
export async function registerRun({ client, prefix }: QueueServer, work: string): Promise<void> {
  const run: QueuedRun = { work, since: new Date().toISOString() }
  await client.hsetnx(listKey(prefix), queueName(work), JSON.stringify(run))
}

/** Once nothing is left to do; whoever has more to do registers it again. */
export async function forgetRun({ client, prefix }: QueueServer, work: string): Promise<void> {
  await client.hdel(listKey(prefix), queueName(work))
}

/** The oldest first. */
export async function listRuns({ client, prefix }: QueueServer): Promise<QueuedRun[]> {
  const all = await client.hgetall(listKey(prefix))
  return Object.values(all)
    .map((text) => JSON.parse(text) as QueuedRun)
    .sort((a, b) => (a.since < b.since ? -1 : 1))
}
