import type { Command } from 'commander'
import { flags } from '../flags'
import type { Context } from '../program'

/** `wordmask run run.json`: the command line of an earlier run once more, into a new folder. */
export function run(program: Command, context: Context): void {
  program
    .command('run')
    .description('repeat the run that a run.json records')
    .argument('<run.json>', 'the file, or the output folder that holds it')
    .addOption(flags.into('folder for the new results (default: the old one with -2, -3 ... appended)'))
    .addOption(flags.json())
    .addHelpText('after', help)
    .action(async (file: string, options: { into?: string; json?: boolean }) => {
      const { repeat } = await import('../repeat.js')
      context.exitCode = await repeat(file, options, context)
    })
}

const help = `
Every output folder holds a run.json: the command line, versions, sha256 of the weights, licence, classes, seed,
device, threads and times. This command types that command line again, from the folder it was typed in, and says at
the end what was different this time (weights, versions, classes).

Examples:
  wordmask run out/run.json
  wordmask run out --into out-again`
