import type { Command } from 'commander'
import { flags } from '../flags'
import type { Context } from '../program'
import { exitCodes } from '../usage'

/** `wordmask doctor`: what is installed, what is missing, what to type next. */
export function doctor(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('what is installed, what is missing, what to type next')
    .addOption(flags.json())
    .addHelpText('after', help)
    .action(async (options: { json?: boolean }) => {
      const { describeReport, doctor: examine } = await import('../../doctor.js')
      const report = await examine()
      process.stdout.write(`${options.json ? JSON.stringify(report) : describeReport(report)}\n`)
      if (!report.ok) context.exitCode = exitCodes.failure
    })
}

const help = `
Ends with 1 when something that is needed is broken; the last line is then the command to type.

Examples:
  wordmask doctor
  wordmask doctor --json > report.json`
