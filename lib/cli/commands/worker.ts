import type { Command } from 'commander'
import { flags, integer, machineOption, text, withFlags } from '../flags'
import type { Context } from '../program'
import { UsageError } from '../usage'

export interface WorkerFlags {
  queue?: string
  queueCa?: string
  device: string
  batchSize: number
  attempts: number
  untilEmpty?: boolean
  json?: boolean
}

/** `wordmask worker`: takes shards of a queue until it is stopped. */
export function worker(program: Command, context: Context): void {
  const command = program
    .command('worker')
    .description('do shards that "wordmask index --queue" and "wordmask pseudo-label --queue" give out, on any machine')
  withFlags(
    command,
    machineOption('--queue <url>', 'redis://host/0, rediss://:password@host:6380/0 or unix:///run/redis.sock').argParser(text),
    machineOption('--queue-ca <file>', 'certificates that sign those of a rediss:// server').argParser(text),
    flags.device(),
    flags.batchSize().default(32),
    machineOption('--attempts <n>', 'give a shard up after so many attempts').default(3).argParser(integer(1, 100)),
    machineOption('--until-empty', 'end when nothing is left, instead of waiting for more'),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (options: WorkerFlags) => {
    if (options.queue === undefined) throw new UsageError('Expected --queue: the Redis server that "wordmask index --queue" was given')
    const { work } = await import('../archive/worker.js')
    await work({ ...options, queue: options.queue }, context)
  })
}

const help = `
One worker a device. It needs Redis, the sources and the archive (or folder) within reach, and the model's weights: a machine without
them says what to pull and leaves the shards to others. Ctrl-C finishes the shard in hand, twice ends at once: the shard goes to another worker.

Examples:
  wordmask worker --queue redis://10.0.0.5/0
  CUDA_VISIBLE_DEVICES=1 wordmask worker --queue redis://10.0.0.5/0 --device cuda --until-empty`
