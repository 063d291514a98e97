import type { Command } from 'commander'
import { flags, outputOption, withFlags } from '../flags'
import type { Context } from '../program'

export interface StatsFlags {
  rejects?: boolean
  json?: boolean
}

/** `wordmask stats`: what an archive holds. */
export function stats(program: Command, context: Context): void {
  const command = program.command('stats').description('what an archive holds').argument('<archive>', 'folder or s3:// of an archive')
  withFlags(command, outputOption('--rejects', 'list what could not be read, and why'), flags.json())
  command.addHelpText('after', help).action(async (archive: string, options: StatsFlags) => {
    const { showStats } = await import('../archive/stats.js')
    await showStats(archive, options, context)
  })
}

const help = `
Examples:
  wordmask stats photos.archive
  wordmask stats photos.archive --rejects --json`
