import type { Option } from 'commander'
import type { RunSummary } from '../engine/coordinate'
import type { WorkersOptions } from '../engine/run-shards'
import type { SourceInput } from '../sources'
import { integer, machineOption, text } from './flags'
import { speak } from './terminal'
import { UsageError } from './usage'

/** What every command takes whose work is cut into shards. */
export interface MachineFlags {
  devices?: string
  queue?: string
  queueCa?: string
  shard?: string
  shardSize?: number
}

export const machineFlags = (size: number, alone: string): Option[] => [
  machineOption(
    '--devices <list>',
    `worker processes of this machine, one a device: "cuda:0,cuda:1", "cpu,cpu" (default: ${alone})`,
  ).argParser(text),
  machineOption('--queue <url>', 'give the shards to "wordmask worker" on any machine: redis://, rediss:// or unix://').argParser(text),
  machineOption('--queue-ca <file>', 'certificates that sign those of a rediss:// server').argParser(text),
  machineOption('--shard <i/n>', 'only part i of n, counted from 0: for job arrays').argParser(text),
  machineOption('--shard-size <images>', `images a shard (default: ${size}; a tar is one shard)`).argParser(integer(1, 10_000_000)),
]

/** The same as options of the call, checked before anything is made. @throws ERR_WORDMASK_INVALID_ARGUMENT, ERR_WORDMASK_DEVICE */
export async function workersOf({ queue, queueCa, shard, devices }: MachineFlags): Promise<WorkersOptions> {
  const { parsePart } = await import('../engine/static.js')
  const { checkWorkers } = await import('../engine/run-shards.js')
  const workers: WorkersOptions = {
    ...(queue !== undefined && { queue: { url: queue, ...(queueCa !== undefined && { ca: queueCa }) } }),
    ...(shard !== undefined && { part: parsePart(shard) }),
    ...(devices !== undefined && { devices: devices.split(',').map((device) => device.trim()) }),
  }
  checkWorkers(workers)
  return workers
}

/** --column uri=file: for every list among the sources. */
export function sourcesOf(args: string[], columns: string[] | undefined): SourceInput[] {
  if (columns === undefined) return args
  const named = columns.map((column) => {
    const [, what, name] = /^(uri|caption|id)=(.+)$/s.exec(column) ?? []
    if (what === undefined || name === undefined)
      throw new UsageError(`Expected uri=NAME, caption=NAME or id=NAME for --column, received ${column}`)
    return [what, name] as const
  })
  return args.map((uri) => ({ uri, columns: Object.fromEntries(named) }))
}

/** Shards that were given up. */
export function sayFailures({ failures }: Pick<RunSummary, 'failures'>, json: boolean): void {
  for (const { shard, image, code, message, attempts } of failures) {
    const at = image === undefined ? '' : `, at ${image}`
    speak(json, { event: 'failed', shard: shard.name, image, code, message }, undefined)
    process.stderr.write(`failed: ${shard.name} after ${attempts} attempts${at}: ${message}\n`)
  }
}
