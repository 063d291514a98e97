import { z } from 'zod'
import { sha256Bytes } from '../archive/hashes'
import { newerFormat } from '../errors'
import type { Job } from './job'
import type { ShardOutput } from './operation'
import { readIfThere } from './records'
import type { WorkFolder } from './work-folder'

const version = 1

const manifestSchema = z.object({
  version: z.number(),
  job: z.string(),
  shard: z.object({ id: z.string(), name: z.string() }),
  /** Name within the output, name below outputs/, size and hash. */
  files: z.array(z.object({ name: z.string(), file: z.string(), bytes: z.number(), sha256: z.string() })),
  images: z.number(),
  rejects: z.record(z.string(), z.number()),
  worker: z.string(),
  attempt: z.number(),
  finished: z.string(),
  seconds: z.number(),
})
/** What a finished shard left: written once its files are in place. */
export type Manifest = z.infer<typeof manifestSchema>

/** Who did it, and how long it took. */
export type Facts = Pick<Manifest, 'worker' | 'attempt' | 'seconds'>

/**
 * Puts an output in place: its files under names made of their content, then the manifest by one conditional write, which alone
 * makes them count. Whoever comes second takes its own files away again, so a job done twice changes nothing.
 * -> the manifest that counts, and whether it is this one
 */
export async function finish(
  folder: WorkFolder,
  job: Job,
  output: ShardOutput,
  facts: Facts,
): Promise<{ manifest: Manifest; first: boolean }> {
  const files: Manifest['files'] = []
  for (const { name, data } of output.files) {
    const sha256 = await sha256Bytes(data)
    const file = `${job.id}.${sha256.slice(0, 16)}.${name}`
    await putOutput(folder, file, data)
    files.push({ name, file, bytes: data.length, sha256 })
  }
  const { id, name } = job.shard
  const { images, rejects } = output
  const manifest = { version, job: job.id, shard: { id, name }, files, images, rejects, ...facts, finished: new Date().toISOString() }
  if (await folder.write('done', job.id, manifest, { ifAbsent: true })) return { manifest, first: true }
  const winner = await readManifest(folder, job.id)
  const kept = new Set(winner?.files.map(({ file }) => file))
  for (const { file } of files) if (!kept.has(file)) await folder.remove('outputs', file)
  return { manifest: winner ?? manifest, first: false }
}

/** The name tells the content; only a torn file of that name, left by a power cut, is written over. */
async function putOutput(folder: WorkFolder, file: string, data: Uint8Array): Promise<void> {
  const uri = folder.place('outputs', file)
  if (await folder.store.put(uri, data, { ifAbsent: true })) return
  if ((await folder.store.stat(uri)).bytes !== data.length) await folder.store.put(uri, data)
}

/** The manifest of a job that is done; undefined where it is not, or where what is there is torn. @throws ERR_WORDMASK_VERSION */
export async function readManifest(folder: WorkFolder, job: string): Promise<Manifest | undefined> {
  const uri = folder.place('done', job)
  const found = parse((await readIfThere(folder.store, uri))?.toString('utf8') ?? '')
  if (typeof found?.version === 'number' && found.version > version) throw newerFormat(uri, found.version, version)
  return manifestSchema.safeParse(found).data
}

function parse(text: string): { version?: unknown } | undefined {
  try {
    return JSON.parse(text) as { version?: unknown }
  } catch {
    return undefined
  }
}

/** One file of an output, whole; undefined where it is missing, torn or changed, so that the job must be done again. */
export async function readOutput(folder: WorkFolder, manifest: Manifest, name: string, signal?: AbortSignal): Promise<Buffer | undefined> {
  const entry = manifest.files.find((file) => file.name === name)
  if (!entry) return undefined
  const data = await readIfThere(folder.store, folder.place('outputs', entry.file), { signal })
  return data !== undefined && (await sha256Bytes(data)) === entry.sha256 ? data : undefined
}

/** Makes a job undone: first what makes its files count, then the files. */
export async function discard(folder: WorkFolder, job: string, manifest: Manifest | undefined): Promise<void> {
  await folder.remove('done', job)
  if (manifest) await removeOutputs(folder, manifest)
}

/** Takes the files of a manifest away. */
export async function removeOutputs(folder: WorkFolder, manifest: Manifest): Promise<void> {
  for (const { file } of manifest.files) await folder.remove('outputs', file)
}
