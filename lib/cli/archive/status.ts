import { existsSync } from 'node:fs'
import type { RunStatus } from '../../engine/status'
import { WordmaskError } from '../../errors'
import { schemeOf } from '../../storage/uri'
import type { StatusFlags } from '../commands/status'
import type { Context } from '../program'
import { speak, table } from '../terminal'
import { exitCodes } from '../usage'
import { duration } from './estimate'

export async function showStatus(archive: string, options: StatusFlags, context: Context): Promise<void> {
  const json = options.json ?? false
  if (schemeOf(archive) === 'file' && !existsSync(archive.replace(/^file:\/\//i, '')))
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `There is neither an archive nor a run of pseudo-label at ${archive}`)
  const { indexStatus } = await import('../../engine/status.js')
  const { queue, queueCa } = options
  const runs = await indexStatus(archive, {
    signal: context.interrupt.stop,
    ...(queue !== undefined && { queue: { url: queue, ...(queueCa !== undefined && { ca: queueCa }) } }),
  })
  if (json) for (const run of runs) speak(true, { event: 'run', ...run }, undefined)
  else speak(false, {}, runs.length === 0 ? `No workers have been at ${archive}` : runs.map(describe).join('\n\n'))
  if (runs.some(({ shards }) => shards.failed > 0)) context.exitCode = exitCodes.failure
}

function describe(run: RunStatus): string {
  const { total, done, running, waiting, failed } = run.shards
  const rejects = Object.entries(run.rejects).map(([code, n]) => `${n} ${code}`)
  const lines = [
    `${run.operation}${run.model === undefined ? '' : ` with ${run.model}`}: ${done} of ${total} shards done, ${running} in hand, ${waiting} waiting, ${failed} failed`,
    `${run.images} images, ${run.imagesPerSecond.toFixed(1)} a second${run.timeLeftMs === undefined ? '' : `, ${duration(run.timeLeftMs / 1000)} left`}`,
    ...(rejects.length > 0 ? [`rejected: ${rejects.join(', ')}`] : []),
    ...(run.queued === undefined ? [] : [`queue: ${run.queued} jobs not finished`]),
  ]
  if (run.workers.length > 0) {
    const rows = run.workers.map((worker) => [
      worker.host,
      worker.device,
      worker.alive ? (worker.shard ?? 'idle') : `silent for ${duration(worker.silentMs / 1000)}`,
      worker.imagesPerSecond.toFixed(1),
    ])
    lines.push('', table(['machine', 'device', 'shard', 'images/s'], rows))
  }
  for (const { shard, image, attempts, message } of run.failures)
    lines.push(`failed: ${shard.name} after ${attempts} attempts${image === undefined ? '' : `, at ${image}`}: ${message}`)
  return lines.join('\n')
}
