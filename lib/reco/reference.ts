import { createHash } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { binding } from '../binding'
import { newerFormat, WordmaskError } from '../errors'
import { makeFolder } from '../setup/make-folder'
import type { ClassEntry } from '../text/classes'

const tensorKey = 'reference'
const aboutKey = 'wordmask.reference'
const version = 1

const image = z.object({
  id: z.string(),
  uri: z.string(),
  key: z.string().optional(),
  sha256: z.string(),
  /** Cosine with the name, by the archive's model. */
  score: z.number(),
  /** Row and column of the seed on the grid. */
  seed: z.tuple([z.number(), z.number()]),
  /** What the seed was chosen by: its mean best match over the windows, weighted. */
  support: z.number(),
})

const aboutSchema = z.object({
  version: z.literal(version),
  name: z.string(),
  /** Hash of the name with its synonyms, prompts and negatives. */
  entry: z.string(),
  /** Hash of everything else that it follows from, the images aside: making.ts. */
  making: z.string(),
  /** The archive's content when it was made. */
  archive: z.string(),
  /** Hash of the images asked for, in order. */
  asked: z.string(),
  /** Rows and columns of the grid that reference images are seen on. */
  grid: z.tuple([z.number(), z.number()]),
  /** In order of similarity; those that could not be read are not among them. */
  images: z.array(image),
  /** Images that could not be read. */
  unreadable: z.number(),
  /** Contexts that it was turned away from. */
  contexts: z.array(z.string()),
})

/** What a reference was made from: the images, where in them its seeds lie, and the keys of the making. */
export type ReferenceAbout = z.infer<typeof aboutSchema>

/** The embedding of a name, unit length, and what it rests on. */
export interface Reference {
  readonly embedding: Float32Array
  readonly about: ReferenceAbout
}

/** Tells names apart by everything that decides their prompts and their images. */
export function entryKey({ name, synonyms, prompts, negatives }: ClassEntry): string {
  return createHash('sha256')
    .update(JSON.stringify([name, synonyms, prompts ?? null, negatives]))
    .digest('hex')
}

/** References by name: in memory, and a file each where there is a folder. A file is whole or absent. */
export class References {
  private readonly held = new Map<string, Reference>()

  constructor(private readonly folder?: string) {}

  /** Reads the files of the folder; those of other programs and damaged ones are none. */
  async read(): Promise<void> {
    if (this.folder === undefined) return
    const names = await readdir(this.folder).catch(() => [])
    for (const name of names.sort()) {
      if (!name.endsWith('.safetensors')) continue
      const reference = await readReference(join(this.folder, name))
      if (reference) this.held.set(reference.about.entry, reference)
    }
  }

  get(entry: ClassEntry): Reference | undefined {
    return this.held.get(entryKey(entry))
  }

  *[Symbol.iterator](): Generator<Reference> {
    yield* this.held.values()
  }

  /** Forgets those that `keep` refuses; their files stay. */
  only(keep: (reference: Reference) => boolean): void {
    for (const [entry, reference] of this.held) if (!keep(reference)) this.held.delete(entry)
  }

  /** Writes all of them to a folder, unless it is their own. */
  async copyTo(folder: string): Promise<void> {
    if (this.folder !== undefined && resolve(this.folder) === resolve(folder)) return
    for (const reference of this.held.values()) await writeReference(folder, reference)
  }

  async put(reference: Reference): Promise<void> {
    if (this.folder !== undefined) await writeReference(this.folder, reference)
    this.held.set(reference.about.entry, reference)
  }
}

async function writeReference(folder: string, { embedding, about }: Reference): Promise<void> {
  const slug = about.name.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60)
  const file = join(folder, `${slug}-${about.entry.slice(0, 8)}.safetensors`)
  await makeFolder(folder).catch((cause) => {
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot make the folder ${folder}: ${cause.message}`, { cause })
  })
  const tensor = { key: tensorKey, data: embedding, shape: [embedding.length], dtype: 'float32' as const }
  await binding().writeSafetensors(file, [tensor], { [aboutKey]: JSON.stringify(about) }, {})
}

/** @throws ERR_WORDMASK_VERSION for a newer format */
async function readReference(file: string): Promise<Reference | undefined> {
  try {
    const { metadata } = await binding().readCheckpoint([file], {})
    const about: unknown = JSON.parse(metadata[aboutKey] ?? 'null')
    const found = (about as { version?: unknown } | null)?.version
    if (typeof found === 'number' && found > version) throw newerFormat(file, found, version)
    const parsed = aboutSchema.safeParse(about)
    if (!parsed.success) return undefined
    const { data } = await binding().readTensor([file], tensorKey, {})
    const length = Math.hypot(...data)
    return Math.abs(length - 1) < 1e-3 ? { embedding: data, about: parsed.data } : undefined
  } catch (error) {
    if (error instanceof WordmaskError && error.code === 'ERR_WORDMASK_VERSION') throw error
    if (error instanceof SyntaxError || (error as WordmaskError).code?.startsWith('ERR_WORDMASK_CHECKPOINT')) return undefined
    throw error
  }
}
