import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { newerFormat, WordmaskError } from '../errors'
import { redactAll } from '../redact'
import { writeAtomic } from './atomic'
import { type Machine, machine, packageVersion } from './environment'

export const runFileName = 'run.json'
const format = 'wordmask-run'
const version = 1

export interface WeightsFile {
  file: string
  bytes: number
  sha256: string
}

/** What it takes to know, and to repeat, how a folder came to be. */
export interface RunFile {
  format: typeof format
  version: number
  command: string
  /** Without node and the program; passwords and signatures within addresses are ***, here and everywhere in the file. */
  argv: string[]
  cwd: string
  status: 'running' | 'done' | 'interrupted' | 'failed'
  started: string
  finished?: string
  /** Over all sittings of a run that was stopped and went on. */
  seconds: number
  sittings: number
  versions: { wordmask: string; node: string; libtorch: string; addon: string }
  machine: Machine
  device: string
  dtype: string
  threads: number
  model: { name: string; family: string; licence: string; weights: WeightsFile[] }
  classes: string[]
  seed: number
  /** Options that decide the result; a folder takes further images only from a run with the same ones. */
  settings: Record<string, unknown>
  counts: { done: number; skipped: number; rejected: number }
  notes: string[]
}

export type RunFacts = Omit<
  RunFile,
  'format' | 'version' | 'status' | 'started' | 'finished' | 'seconds' | 'sittings' | 'versions' | 'machine' | 'counts'
> & {
  libtorch: string
  addon: string
}

/** Keeps run.json of one output folder: written as 'running' at the start, and again with times and counts at the end. */
export class RunRecord {
  readonly counts = { done: 0, skipped: 0, rejected: 0 }
  readonly notes: string[]
  readonly #since = Date.now()
  private constructor(
    readonly folder: string,
    private file: RunFile,
  ) {
    this.notes = file.notes
  }

  static async start(folder: string, facts: RunFacts): Promise<RunRecord> {
    const { libtorch, addon, ...rest } = redactAll(facts)
    const earlier = await readRunIfAny(folder)
    const same = earlier !== undefined && settingsKey(earlier.settings) === settingsKey(rest.settings)
    const record = new RunRecord(folder, {
      format,
      version,
      ...rest,
      notes: [...rest.notes],
      status: 'running',
      started: same ? earlier.started : new Date().toISOString(),
      seconds: same ? earlier.seconds : 0,
      sittings: same ? earlier.sittings + 1 : 1,
      versions: { wordmask: packageVersion(), node: process.versions.node, libtorch, addon },
      machine: machine(),
      counts: { done: 0, skipped: 0, rejected: 0 },
    })
    await record.#write()
    return record
  }

  async finish(status: 'done' | 'interrupted' | 'failed'): Promise<RunFile> {
    const seconds = this.file.seconds + (Date.now() - this.#since) / 1000
    this.file = {
      ...this.file,
      status,
      finished: new Date().toISOString(),
      seconds: Math.round(seconds * 1000) / 1000,
      counts: this.counts,
    }
    await this.#write()
    return this.file
  }

  #write() {
    return writeAtomic(path.join(this.folder, runFileName), `${JSON.stringify(this.file, null, 2)}\n`, { sync: true })
  }
}

/** Key order does not make two settings different, nor do the secrets of an address, which run.json does not hold. */
export function settingsKey(settings: Record<string, unknown>): string {
  const sorted = (_: string, value: unknown) =>
    value !== null && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
      : value
  return createHash('sha256')
    .update(JSON.stringify(redactAll(settings), sorted))
    .digest('hex')
}

/** Names of the settings in which two runs differ. */
export function differences(a: Record<string, unknown>, b: Record<string, unknown>): string[] {
  const keys = [...new Set([...Object.keys(a), ...Object.keys(b)])]
  return keys.filter((key) => settingsKey({ v: a[key] }) !== settingsKey({ v: b[key] }))
}

/** @throws ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_IO for a file that is no run.json, ERR_WORDMASK_VERSION for a newer one. */
export async function readRun(file: string): Promise<RunFile> {
  const text = await readFile(file, 'utf8').catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_FILE_NOT_FOUND', `Cannot read ${file}: ${(cause as Error).message}`, { cause })
  })
  const run = parse(text)
  if (run?.format !== format || !Array.isArray(run.argv) || !run.argv.every((word) => typeof word === 'string')) {
    throw new WordmaskError('ERR_WORDMASK_IO', `Expected a run.json written by wordmask, but ${file} is none`)
  }
  if (!(run.version! <= version)) {
    throw newerFormat(file, run.version, version)
  }
  return run as RunFile
}

export async function readRunIfAny(folder: string): Promise<RunFile | undefined> {
  const file = path.join(folder, runFileName)
  return (await stat(file).catch(() => undefined)) ? readRun(file) : undefined
}

function parse(text: string): Partial<RunFile> | undefined {
  try {
    return JSON.parse(text) as Partial<RunFile>
  } catch {
    return undefined
  }
}

/** Size and sha256 of every file of a checkpoint, streamed. */
export async function hashWeights(files: string[]): Promise<WeightsFile[]> {
  return Promise.all(
    files.map(async (file) => {
      const hash = createHash('sha256')
      let bytes = 0
      for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) {
        hash.update(chunk as Buffer)
        bytes += (chunk as Buffer).length
      }
      return { file, bytes, sha256: hash.digest('hex') }
    }),
  )
}
