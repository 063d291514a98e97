import { Command, CommanderError } from 'commander'
import { packageVersion } from '../run/environment'
import { describeFailure, printFailure } from './failure'
import { fitted } from './help-text'
import { type Interrupt, listenForInterrupt } from './interrupt'
import { exitCodes } from './usage'

/** What a command gets besides its flags. */
export interface Context {
  /** As typed, without node and the program; run.json keeps it. */
  argv: string[]
  interrupt: Interrupt
  /** Set by a command that ends neither well nor with an error. */
  exitCode: number
  /** Said on stderr now and once more as the last line: for what must not be overlooked. */
  note(text: string): void
  /** What to type after a failure, set by a command that knows better than the error's code tells. */
  next?: string
}

/** Commands in the order of the help; each file registers one and requires what is heavy only when it runs. */
const commandFiles = async () => [
  (await import('./commands/setup.js')).setup,
  (await import('./commands/doctor.js')).doctor,
  (await import('./commands/demo.js')).demo,
  (await import('./commands/model.js')).model,
  (await import('./commands/segment.js')).segment,
  (await import('./commands/classify.js')).classify,
  (await import('./commands/embed.js')).embed,
  (await import('./commands/index-sources.js')).indexSources,
  (await import('./commands/search.js')).search,
  (await import('./commands/create-index.js')).createIndex,
  (await import('./commands/dedupe.js')).dedupe,
  (await import('./commands/curate.js')).curate,
  (await import('./commands/export.js')).exportCurated,
  (await import('./commands/reco.js')).reco,
  (await import('./commands/pseudo-label.js')).pseudoLabel,
  (await import('./commands/specialist.js')).specialist,
  (await import('./commands/stats.js')).stats,
  (await import('./commands/status.js')).status,
  (await import('./commands/worker.js')).worker,
  (await import('./commands/eval.js')).evaluate,
  (await import('./commands/train.js')).train,
  (await import('./commands/run.js')).run,
]

/** Runs one command line (without node and the program name) and resolves with the exit code. */
export async function run(argv: string[]): Promise<number> {
  const interrupt = listenForInterrupt()
  const notes: string[] = []
  const context: Context = { argv, interrupt, exitCode: exitCodes.ok, note: (text) => notes.push(sayNote(text)) }
  const json = argv.includes('--json')
  let failed = ''
  const program = new Command('wordmask')
    .description('Words and images in, masks out: CLIP on LibTorch, from the command line and from Node.')
    .version(packageVersion(), '-V, --version')
    .configureOutput({ outputError: () => {}, writeOut: sayHelp })
    .configureHelp({ helpWidth: Math.min(process.stdout.columns || 110, 120), showGlobalOptions: false })
    .showHelpAfterError(false)
    .addHelpText('after', examples)
  for (const register of await commandFiles()) register(program, context)
  // Which command a usage error belongs to, so that the error can name the right --help.
  walk(program, (command, path) => {
    command.exitOverride((error) => {
      failed = path
      throw error
    })
    command.hook('preAction', () => {
      failed = path
    })
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return interrupt.exitCode || context.exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.ok
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.usage
    const failure = { ...describeFailure(error, failed), ...(context.next !== undefined && { next: context.next }) }
    if (interrupt.exitCode && failure.code === 'ERR_WORDMASK_ABORTED') return interrupt.exitCode
    printFailure(failure, json)
    return failure.exitCode
  } finally {
    interrupt.dispose()
    notes.forEach(sayNote)
  }
}

/** In a file or a pipe help is as it was written; a terminal has its width. */
function sayHelp(text: string): void {
  const { isTTY, columns } = process.stdout
  process.stdout.write(isTTY && columns > 0 ? fitted(text, columns) : text)
}

function sayNote(text: string): string {
  process.stderr.write(`note: ${text}\n`)
  return text
}

function walk(command: Command, visit: (command: Command, path: string) => void, path = ''): void {
  visit(command, path)
  for (const child of command.commands) walk(child, visit, `${path} ${child.name()}`.trim())
}

const examples = `
Start here:
  wordmask doctor                                        what is installed, what is missing, what to type next
  wordmask demo                                          the sample pictures, segmented, on one page
  wordmask segment photos --classes "fox,grass" --into out
  wordmask segment --help                                every flag, with examples

Exit codes: 0 done, 1 failed, 2 wrongly asked, 130 interrupted (Ctrl-C once finishes the current image).
Results go to stdout, everything else to stderr. --json makes stdout JSON lines; NO_COLOR=1 leaves colours out; DEBUG=1
adds the stack to an error.`
