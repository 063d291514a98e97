import { appendFile, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { holdFolder } from '../archive/lock'
import { WordmaskError } from '../errors'
import { makeFolder } from '../setup/make-folder'
import { Journal, type JournalLine, readJournal } from './journal'
import { OutputNames } from './names'
import { differences, type RunFacts, type RunFile, RunRecord, readRunIfAny } from './run-file'

/** An image that is still to be done, with what the journal needs to know it again. */
export interface Pending {
  path: string
  name: string
  bytes: number
  modified: number
}

/**
 * An output folder that a run can leave and come back to: run.json (what was asked), images.jsonl (what is done, a line
 * an image), rejects.jsonl (what could not be done in this sitting, and why).
 */
export class OutputFolder {
  readonly #names: OutputNames
  private constructor(
    readonly folder: string,
    readonly record: RunRecord,
    private readonly journal: Journal,
    private readonly release: () => void,
  ) {
    this.#names = new OutputNames(journal.done.values())
  }

  /**
   * Waits for a process that works in the folder.
   * @throws ERR_WORDMASK_INVALID_ARGUMENT when the folder holds another run's results and `overwrite` is not set.
   */
  static async open(folder: string, facts: RunFacts, overwrite: boolean, signal?: AbortSignal): Promise<OutputFolder> {
    await refuseOtherRun(folder, facts, overwrite)
    await makeFolder(folder)
    const release = await holdFolder(folder, signal)
    try {
      // Whoever was waited for may have left another run's results.
      const earlier = await refuseOtherRun(folder, facts, overwrite)
      if (overwrite && earlier !== undefined) await removeOutputs(folder)
      const journal = await Journal.open(journalFile(folder), overwrite)
      await rm(rejectsFile(folder), { force: true })
      return new OutputFolder(folder, await RunRecord.start(folder, facts), journal, release)
    } catch (error) {
      release()
      throw error
    }
  }

  /** Lines of the journal: one more than images wherever an image changed and was done again. */
  get lineCount(): number {
    return this.journal.lineCount
  }

  /**
   * The image as work to do, or undefined when an earlier sitting did it, it has not changed since, and all files that
   * `expected` names are there. A missing image is given with sizes of -1: reading it will say why.
   */
  async pending(input: { path: string; relative: string }, expected: (name: string) => string[]): Promise<Pending | undefined> {
    const found = await stat(input.path).catch(() => undefined)
    const state = { bytes: found?.size ?? -1, modified: found === undefined ? -1 : Math.trunc(found.mtimeMs) }
    return this.pendingIn(input, state, expected)
  }

  /** The same for something that is no file; `state` tells whether it is still the same. */
  async pendingIn(
    input: { path: string; relative: string },
    state: { bytes: number; modified: number },
    expected: (name: string) => string[],
  ): Promise<Pending | undefined> {
    const before = this.journal.done.get(input.path)
    if (before?.bytes === state.bytes && before.modified === state.modified && (await allExist(this.folder, expected(before.name)))) {
      this.record.counts.skipped++
      return undefined
    }
    return { path: input.path, name: this.#names.take(input.path, input.relative), ...state }
  }

  /** Called when the image's files are in place. */
  async finished(image: Pending, facts: Record<string, unknown>): Promise<void> {
    const { path: file, name, bytes, modified } = image
    await this.journal.append({ image: file, name, bytes, modified, ...facts })
    this.record.counts.done++
  }

  async rejected(image: { path: string }, error: { code?: string; message: string }): Promise<void> {
    this.record.counts.rejected++
    await appendFile(
      rejectsFile(this.folder),
      `${JSON.stringify({ image: image.path, code: error.code ?? 'ERR_WORDMASK_INTERNAL', message: error.message })}\n`,
    )
  }

  /** Everything done so far, this sitting's included. */
  lines(): AsyncGenerator<JournalLine> {
    return readJournal(journalFile(this.folder))
  }

  async close(status: 'done' | 'interrupted' | 'failed') {
    try {
      await this.journal.close()
      return await this.record.finish(status)
    } finally {
      this.release()
    }
  }

  /** Closes after an error, which is the one to tell: a full disk does not take these last lines either. */
  async fail(status: 'interrupted' | 'failed' = 'failed'): Promise<void> {
    await this.close(status).catch(() => {})
  }
}

/**
 * The record of an earlier run of the same kind, if the folder holds one. `overwrite` is undefined for commands that have no
 * such flag.
 *
 * @throws ERR_WORDMASK_INVALID_ARGUMENT when it is a file, or holds another run's results and `overwrite` is not set
 */
export async function refuseOtherRun(folder: string, facts: RunFacts, overwrite: boolean | undefined): Promise<RunFile | undefined> {
  if ((await stat(folder).catch(() => undefined))?.isDirectory() === false)
    throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `Expected a folder for --into but ${folder} is a file`)
  const earlier = await readRunIfAny(folder)
  if (earlier === undefined || overwrite) return earlier
  const other = [...(earlier.command === facts.command ? [] : ['command']), ...differences(earlier.settings, facts.settings)]
  if (other.length === 0) return earlier
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `${folder} holds the results of another run (other: ${other.join(', ')}). Choose another --into${overwrite === undefined ? '' : ', or throw them away with --overwrite'}`,
  )
}

const journalFile = (folder: string) => path.join(folder, 'images.jsonl')
const rejectsFile = (folder: string) => path.join(folder, 'rejects.jsonl')

async function allExist(folder: string, files: string[]): Promise<boolean> {
  const found = await Promise.all(files.map((file) => stat(path.join(folder, file)).catch(() => undefined)))
  return found.every((file) => file !== undefined)
}

/** Removes the files that the journal lists as outputs, and nothing else. */
async function removeOutputs(folder: string): Promise<void> {
  if (!(await stat(journalFile(folder)).catch(() => undefined))) return
  for await (const line of readJournal(journalFile(folder))) {
    const outputs = Array.isArray(line.outputs) ? line.outputs.filter((file): file is string => typeof file === 'string') : []
    for (const file of outputs) {
      const target = path.resolve(folder, file)
      if (target.startsWith(path.resolve(folder) + path.sep)) await rm(target, { force: true })
    }
  }
}
