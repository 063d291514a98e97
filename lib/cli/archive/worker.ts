import type { WorkerEvent } from '../../engine/worker'
import type { WorkerFlags } from '../commands/worker'
import type { Context } from '../program'
import { seconds, speak } from '../terminal'

export async function work(options: WorkerFlags & { queue: string }, context: Context): Promise<void> {
  const json = options.json ?? false
  const { queue, queueCa, device, batchSize, attempts, untilEmpty } = options
  const { runWorker } = await import('../../engine/worker.js')
  const counts = await runWorker({
    ...{ queue: { url: queue, ...(queueCa !== undefined && { ca: queueCa }) }, device, batchSize, attempts, untilEmpty },
    stop: context.interrupt.stop,
    onEvent: (event) => tell(event, json),
  })
  speak(json, { event: 'summary', ...counts }, `${counts.shards} shards, ${counts.images} images`)
}

function tell(event: WorkerEvent, json: boolean): void {
  if (json) {
    speak(true, { ...event, event: event.type }, undefined)
    return
  }
  switch (event.type) {
    case 'run':
      speak(false, {}, `${event.operation} on ${event.device}: ${event.work}`)
      return
    case 'shard': {
      const rejected = Object.values(event.rejects).reduce((sum, n) => sum + n, 0)
      speak(
        false,
        {},
        `${event.shard}  ${event.images} images  ${seconds(1000 * event.seconds)}${rejected > 0 ? `  ${rejected} rejected` : ''}`,
      )
      return
    }
    case 'failed':
      process.stderr.write(`failed: ${event.record.shard.name} after ${event.record.attempts} attempts: ${event.record.message}\n`)
      return
    case 'cannot':
      process.stderr.write(`cannot serve ${event.work}: ${event.message}\n`)
      return
    case 'warning':
      process.stderr.write(`note: ${event.message}\n`)
  }
}
