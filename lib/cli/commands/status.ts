import type { Command } from 'commander'
import { flags, machineOption, text, withFlags } from '../flags'
import type { Context } from '../program'

export interface StatusFlags {
  queue?: string
  queueCa?: string
  json?: boolean
}

/** `wordmask status`: how far the workers of an archive, or of label maps, are. */
export function status(program: Command, context: Context): void {
  const command = program
    .command('status')
    .description('how far the workers of an archive, or of label maps, are, from any machine')
    .argument('<archive>', 'folder or s3:// that "wordmask index --into" or "wordmask pseudo-label --into" was given')
  withFlags(
    command,
    machineOption('--queue <url>', 'ask this Redis server as well').argParser(text),
    machineOption('--queue-ca <file>', 'certificates that sign those of a rediss:// server').argParser(text),
    flags.json(),
  )
  command.addHelpText('after', help).action(async (archive: string, options: StatusFlags) => {
    const { showStatus } = await import('../archive/status.js')
    await showStatus(archive, options, context)
  })
}

const help = `
Told from storage alone: shards done, in hand, failed, images a second of every worker, time left, rejects by code.

Examples:
  wordmask status s3://bucket/archive
  wordmask status /shared/archive --queue redis://10.0.0.5/0 --json`
