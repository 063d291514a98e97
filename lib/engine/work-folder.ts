import type { Shard } from '../archive/types'
import { newerFormat, WordmaskError } from '../errors'
import { storeOf } from '../storage'
import type { Store } from '../storage/store'
import { normalUri } from '../storage/uri'
import { type Job, jobOf, specDigest } from './job'
import type { OperationSpec } from './operation'
import { listNames, readJson, writeJson } from './records'

const version = 1

/** The kinds of small JSON files; one file a shard (or worker, or attempt), so that the layout works on object stores too. */
export type RecordKind = 'shards' | 'attempts' | 'workers' | 'done' | 'failed' | 'committed' | 'locks'

/** Where the runs of an archive keep their books: below the archive itself. */
export const workBase = (archive: string): string => `${normalUri(archive).replace(/\/+$/, '')}/_work`

/**
 * Everything there is to know about one operation over many shards: what is planned, done, failed and committed. This is the
 * truth; queues and processes may be lost at any time.
 *
 *     <base>/operations/embed-<digest>.json          what is done: name, config, weights
 *     <base>/embed-<digest>/shards/<job>.json        planned
 *                          /attempts/<job>.<n>.json  who began it; how that ended
 *                          /workers/<worker>.json    heartbeats
 *                          /outputs/<job>.<sha>.*    results, nothing to anybody until the next line is there
 *                          /done/<job>.json          the manifest: made by one conditional write, first come first served
 *                          /failed/<job>.json        given up after several attempts
 *                          /committed/<job>.json     its rows are in the archive
 */
export class WorkFolder {
  private constructor(
    readonly store: Store,
    /** `<base>/<operation>-<digest>` */
    readonly uri: string,
    readonly spec: OperationSpec,
  ) {}

  /** The folder of an operation, made where it is not there yet. */
  static async create(base: string, spec: OperationSpec): Promise<WorkFolder> {
    const store = await storeOf(base)
    const name = `${spec.name}-${specDigest(spec)}`
    await store.put(specUri(base, name), `${JSON.stringify({ version, ...spec })}\n`, { ifAbsent: true })
    return WorkFolder.open(`${base}/${name}`)
  }

  /** @throws ERR_WORDMASK_IO where there is none, ERR_WORDMASK_VERSION for that of a later wordmask */
  static async open(uri: string): Promise<WorkFolder> {
    const at = uri.lastIndexOf('/')
    const store = await storeOf(uri)
    const file = specUri(uri.slice(0, at), uri.slice(at + 1))
    const found = await readJson<OperationSpec & { version: number }>(store, file)
    if (found === undefined) throw new WordmaskError('ERR_WORDMASK_IO', `No run at ${uri}: ${file} is missing`)
    const { version: written, ...spec } = found
    if (!(written <= version)) throw newerFormat(file, written, version)
    return new WorkFolder(store, uri, spec)
  }

  /** Every operation that was ever begun below a base, in the order of their names. */
  static async *all(base: string): AsyncGenerator<WorkFolder> {
    for (const name of await listNames(await storeOf(base), `${base}/operations`)) yield WorkFolder.open(`${base}/${name}`)
  }

  place(kind: RecordKind | 'outputs', name: string): string {
    return kind === 'outputs' ? `${this.uri}/outputs/${name}` : `${this.uri}/${kind}/${name}.json`
  }

  /** Names of what is there, in ascending order. */
  names(kind: RecordKind, options?: { signal?: AbortSignal }): Promise<string[]> {
    return listNames(this.store, `${this.uri}/${kind}`, options)
  }

  read<T>(kind: RecordKind, name: string): Promise<T | undefined> {
    return readJson<T>(this.store, this.place(kind, name))
  }

  /** -> whether it was written: with `ifAbsent` the first one stays. */
  write(kind: RecordKind, name: string, value: unknown, options?: { ifAbsent?: boolean }): Promise<boolean> {
    return writeJson(this.store, this.place(kind, name), value, options)
  }

  async has(kind: RecordKind, name: string): Promise<boolean> {
    return (await this.read(kind, name)) !== undefined
  }

  remove(kind: RecordKind | 'outputs', name: string): Promise<void> {
    return this.store.remove(this.place(kind, name))
  }

  /** Plans a shard. Planned twice it is one job. */
  async plan(shard: Shard): Promise<Job> {
    const job = jobOf(this.spec, shard)
    await this.write('shards', job.id, shard, { ifAbsent: true })
    return job
  }

  /** Ids of what is planned and neither done nor given up, in ascending order. */
  async open(options?: { signal?: AbortSignal }): Promise<string[]> {
    const [planned, done, failed] = await Promise.all([
      this.names('shards', options),
      this.names('done', options),
      this.names('failed', options),
    ])
    const settled = new Set([...done, ...failed])
    return planned.filter((id) => !settled.has(id))
  }
}

const specUri = (base: string, name: string) => `${base}/operations/${name}.json`
