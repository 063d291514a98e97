import { createHash } from 'node:crypto'
import type { Archive } from '../archive/archive'
import { contentOf } from '../archive/content'
import type { ArchiveRow } from '../archive/types'
import { binding } from '../binding'
import type { CuratedImage } from '../curate/curated-set'
import { type RunOptions, type Tensor, throwIfAborted } from '../options'
import { withSignal } from '../task'
import type { ClassEntry } from '../text/classes'
import type { Templates } from '../text/prompts'
import type { Features } from './features'
import { makingKey, type Settings } from './making'
import { mostImages } from './options'
import { Progress } from './progress'
import { entryKey, type Reference, type References } from './reference'
import { givenImages, type Retrieved, retrieve } from './retrieve'

/** Names whose images are looked for and read together; more would only hold rows. */
const namesAtOnce = 32

/** A name without a reference, and why. */
export interface Missing {
  entry: ClassEntry
  why: string
}

export interface BuildParts {
  archive: Archive
  settings: Settings
  /** None without elimination. */
  contexts: readonly ClassEntry[]
  /** makingOf() */
  making: string
  /** What names are put into to find images. */
  templates: Templates
  /** By the encoder, and by the dense CLIP where that is another. */
  features: Features
  /** A name as the dense CLIP reads it, [d]; absent without guidance. */
  text: ((entry: ClassEntry, signal: AbortSignal | undefined) => Promise<Tensor>) | undefined
}

/** Makes references out of an archive: images are found, read once, encoded once, and co-segmented name by name. */
export class Builder {
  private turn: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly parts: BuildParts,
    private readonly references: References,
  ) {}

  /**
   * Sees to it that contexts, then names, have a reference of the archive as it is now; what is there and follows from the same is left
   * alone. Every reference is kept as soon as it is made. Calls run one after the other. Progress counts the images of each name,
   * and the name. -> those that have none
   */
  async ensure(entries: readonly ClassEntry[], { signal, onProgress }: RunOptions): Promise<Missing[]> {
    const mine = this.turn
      .catch(() => {})
      .then(async () => {
        const { settings, contexts } = this.parts
        const perName = (settings.k === 'auto' ? mostImages : settings.k) + 1
        const progress = new Progress((contexts.length + entries.length) * perName, onProgress)
        const archive = await this.parts.archive.fingerprint()
        const done: Reference[] = []
        const missing = await this.make(
          contexts,
          { archive, perName, progress, signal },
          () => done,
          (made) => done.push(made),
        )
        missing.push(...(await this.make(entries, { archive, perName, progress, signal }, () => done)))
        progress.end()
        return missing
      })
    this.turn = mine
    return mine
  }

  private async make(
    entries: readonly ClassEntry[],
    run: { archive: string; perName: number; progress: Progress; signal: AbortSignal | undefined },
    before: () => readonly Reference[],
    onReference: (reference: Reference) => void = () => {},
  ): Promise<Missing[]> {
    const { archive, perName, progress, signal } = run
    const missing: Missing[] = []
    for (let from = 0; from < entries.length; from += namesAtOnce) {
      const some = entries.slice(from, from + namesAtOnce)
      let found: Retrieved[] | undefined
      for (const [i, entry] of some.entries()) {
        throwIfAborted(signal)
        const making = makingKey(this.parts.making, before())
        let held = this.references.get(entry)
        // Given images may be others though the archive is the same.
        const given = givenImages(this.parts.settings.retrieve.images, entry.name)
        if (given || held?.about.making !== making || held.about.archive !== archive) {
          found ??= await this.look(some, perName, progress, signal)
          const { images, none } = found[i] as Retrieved
          const asked = hashOf(images)
          const same = held?.about.making === making && held.about.asked === asked
          const made = none !== undefined ? undefined : same ? held : await this.one(entry, images, before(), signal)
          if (made) await this.references.put({ ...made, about: { ...made.about, making, archive, asked } })
          else missing.push({ entry, why: none ?? `none of its ${images.length} images can be used` })
          held = made && this.references.get(entry)
        }
        if (held) onReference(held)
        progress.add(1)
      }
      if (!found) progress.add(some.length * (perName - 1))
    }
    return missing
  }

  /** Finds the images of names, and brings their features into the cache. */
  private async look(
    entries: readonly ClassEntry[],
    perName: number,
    progress: Progress,
    signal: AbortSignal | undefined,
  ): Promise<Retrieved[]> {
    const { archive, settings, templates, features } = this.parts
    const found = await retrieve(archive, entries, settings, templates, signal)
    const rows = new Map<string, ArchiveRow>(found.flatMap(({ images }) => images.map((image) => [contentOf(image), image] as const)))
    const share = (entries.length * (perName - 1)) / Math.max(1, rows.size)
    await features.fill([...rows.values()], signal, () => progress.add(share))
    return found
  }

  /** The reference of a name by its images; undefined where none can be read. */
  private async one(
    entry: ClassEntry,
    images: readonly CuratedImage[],
    before: readonly Reference[],
    signal: AbortSignal | undefined,
  ): Promise<Reference | undefined> {
    const { features, contexts: places, settings } = this.parts
    const unguided = places.includes(entry) && givenImages(settings.retrieve.images, entry.name)
    const text = unguided ? undefined : this.parts.text
    const all = await features.of(images, signal)
    const seen = images.flatMap((image, i) => (all[i] ? [{ image, tensors: all[i] }] : []))
    const first = seen[0]?.tensors[0]
    if (!first) return undefined
    const [h, w] = first.shape as [number, number, number]
    const contexts = before.length > 0 ? { contexts: stack(before.map(({ embedding }) => embedding)) } : {}
    const guide = text && { clip: seen.map(({ tensors }) => tensors.at(-1) as Tensor), text: await text(entry, signal) }
    const given = { features: seen.map(({ tensors }) => tensors[0] as Tensor), ...guide, ...contexts }
    const { embedding, seeds, support } = await withSignal(signal, (task) =>
      binding().recoReference(given, { window: settings.window }, task),
    )
    const facts = seen.map(({ image: { id, uri, key, sha256, score } }, i) => {
      const seed = seeds[i] as number
      const at: [number, number] = [Math.floor(seed / w), seed % w]
      return { id, uri, ...(key !== undefined && { key }), sha256, score, seed: at, support: support[i] as number }
    })
    const about = {
      ...{ version: 1 as const, name: entry.name, entry: entryKey(entry), making: '', archive: '', asked: '' },
      ...{ grid: [h, w] as [number, number], images: facts, unreadable: images.length - seen.length },
      contexts: before.map(({ about: { name } }) => name),
    }
    return { embedding: embedding.data, about }
  }
}

/** Rows of one length. -> [n, c] */
export function stack(rows: readonly Float32Array[]): Tensor {
  const channels = (rows[0] as Float32Array).length
  const data = new Float32Array(rows.length * channels)
  for (const [i, row] of rows.entries()) data.set(row, i * channels)
  return { data, shape: [rows.length, channels] }
}

const hashOf = (images: readonly CuratedImage[]) =>
  createHash('sha256')
    .update(JSON.stringify(images.map(contentOf)))
    .digest('hex')
