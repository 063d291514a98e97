import { existsSync, statSync } from 'node:fs'
import path from 'node:path'
import { isRedacted } from '../redact'
import { type RunFile, readRun, runFileName } from '../run/run-file'
import { type Context, run } from './program'
import { UsageError } from './usage'

/** Runs the recorded command line with another --into and compares the two records. */
export async function repeat(file: string, options: { into?: string; json?: boolean }, context: Context): Promise<number> {
  const recorded = path.resolve(existsSync(file) && statSync(file).isDirectory() ? path.join(file, runFileName) : file)
  const before = await readRun(recorded)
  if (before.command === 'run') throw new UsageError(`${recorded} records "wordmask run": repeat the run it points to`)
  const secret = before.argv.find(isRedacted)
  if (secret !== undefined) throw new UsageError(`${recorded} keeps no passwords: type the command anew, with yours in ${secret}`)
  const into = path.resolve(options.into ?? nextFree(path.dirname(recorded)))
  if (existsSync(before.cwd)) process.chdir(before.cwd)
  else process.stderr.write(`note: the folder it was typed in is gone (${before.cwd}); paths are taken from here\n`)
  const argv = withInto(before.argv, into).filter((word) => word !== '--overwrite') // nothing is thrown away by repeating
  if (options.json && !argv.includes('--json')) argv.push('--json')
  process.stderr.write(`wordmask ${argv.map(quote).join(' ')}\n`)
  context.interrupt.dispose()
  const code = await run(argv)
  const after = existsSync(path.join(into, runFileName)) ? await readRun(path.join(into, runFileName)) : undefined
  for (const difference of after === undefined ? [] : changed(before, after)) process.stderr.write(`note: ${difference}\n`)
  return code
}

/** Replaces (or adds) --into; both spellings, `--into x` and `--into=x`. */
export function withInto(argv: string[], into: string): string[] {
  const kept: string[] = []
  for (let i = 0; i < argv.length; i++) {
    if (argv[i] === '--into') i++
    else if (!argv[i]!.startsWith('--into=')) kept.push(argv[i]!)
  }
  const rest = kept.indexOf('--')
  const at = rest < 0 ? kept.length : rest
  return [...kept.slice(0, at), '--into', into, ...kept.slice(at)]
}

/** What the second run did with other means than the first. */
export function changed(before: RunFile, after: RunFile): string[] {
  const sums = (run: RunFile) => run.model.weights.map((weights) => weights.sha256).join(' ')
  const pairs: [string, unknown, unknown][] = [
    ['weights (sha256)', sums(before), sums(after)],
    ['wordmask', before.versions.wordmask, after.versions.wordmask],
    ['LibTorch', before.versions.libtorch, after.versions.libtorch],
    ['classes', before.classes.join(', '), after.classes.join(', ')],
    ['device', before.device, after.device],
    ['dtype', before.dtype, after.dtype],
  ]
  return pairs.filter(([, a, b]) => a !== b).map(([what, a, b]) => `${what} differ from the recorded run: ${a} then, ${b} now`)
}

function nextFree(folder: string): string {
  for (let i = 2; ; i++) if (!existsSync(`${folder}-${i}`)) return `${folder}-${i}`
}

const quote = (word: string) => (/^[\w./:@=,+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)
