import { lstat, readFile, rename, rm, stat, symlink } from 'node:fs/promises'
import path from 'node:path'
import type { ImagePlace, Reject } from '../archive/types'
import type { Finished } from '../engine/collect'
import { WordmaskError } from '../errors'
import { throwIfAborted } from '../options'
import { besideOf, writeAtomic } from '../run/atomic'
import { Journal, type JournalLine, readJournal } from '../run/journal'
import { OutputNames } from '../run/names'
import { makeFolder } from '../setup/make-folder'
import { readPlaces } from '../sources'
import { isImage } from '../sources/endings'
import { schemeOf, uriToBytes } from '../storage/uri'
import { labelsFile, type ShardLabels, unpackLabels } from './pack'

/** How images come to lie beside their labels. */
export type ImagesMode = 'link' | 'copy' | 'none'

/** What the journal says of an image, beside its place; one that was rejected has a code and a reason. */
export interface LabelLine extends JournalLine {
  job?: string
  width?: number
  height?: number
  pixels?: Record<string, number>
  code?: string
  reason?: string
}

type Label = ShardLabels['labelled'][number]
type Placed = ImagePlace & { label: Label; name: string }

export const journalFile = (into: string) => path.join(into, 'images.jsonl')
export const labelFileOf = (into: string, name: string) => path.join(into, 'labels', `${name}.png`)
export const placeName = ({ uri, key }: ImagePlace) => (key === undefined ? uri : `${uri}: ${key}`)

/**
 * Where label maps land: labels/a/b.png beside images/a/b.jpg, and a line an image in images.jsonl once both are there. The journal
 * is opened with the first results: whoever brings them is the only one who does.
 */
export class LabelFolder {
  private journal: Journal | undefined
  private names = new OutputNames()
  /** Names of earlier sittings. */
  private laid: Set<string> | undefined

  constructor(
    readonly into: string,
    private readonly images: ImagesMode,
    private readonly signal: AbortSignal | undefined,
  ) {}

  /** Takes finished shards over; again for the same ones changes nothing. */
  async collect(outputs: readonly Finished[]): Promise<void> {
    for (const { manifest, files } of outputs) {
      throwIfAborted(this.signal)
      const { labelled, rejected } = unpackLabels(files[labelsFile] as Buffer, manifest.shard.name)
      const journal = await this.opened()
      const fresh: Placed[] = []
      for (const label of labelled) {
        const before = journal.done.get(placeName(label.place))
        if (before && before.bytes >= 0 && (await isThere(labelFileOf(this.into, before.name)))) continue
        const name = this.names.take(placeName(label.place), label.relative)
        if (this.images === 'none' && name !== stem(label.relative)) await this.reject(label.place, sharing(label.relative))
        else fresh.push({ ...label.place, label, name })
      }
      await this.place(fresh, manifest.job)
      for (const { place, code, reason } of rejected) await this.reject(place, { code, message: reason })
    }
  }

  /** What the plan could not read. */
  async rejectAll(rejects: readonly Reject[]): Promise<void> {
    for (const reject of rejects) await this.reject(reject, { code: reject.code, message: reject.reason })
  }

  async close(): Promise<void> {
    await this.journal?.close()
    this.journal = undefined
  }

  private async opened(): Promise<Journal> {
    if (this.journal) return this.journal
    this.journal = await Journal.open(journalFile(this.into), false)
    this.names = new OutputNames([...this.journal.done.values()].filter(({ bytes }) => bytes >= 0))
    return this.journal
  }

  private async place(labels: readonly Placed[], job: string): Promise<void> {
    const linked = labels.filter((label) => this.images === 'none' || (this.images === 'link' && isFile(label)))
    const copied = labels.filter((label) => !linked.includes(label))
    for (const label of linked) {
      await this.finish(label, job, async () => {
        if (this.images === 'link' && (await this.isFree(label))) await link(label.uri, this.imageFile(label))
      })
    }
    for await (const { place, bytes, error } of readPlaces(copied, this.signal && { signal: this.signal })) {
      if (error) {
        await this.reject(place, error)
        continue
      }
      await this.finish(place, job, async () => {
        if (await this.isFree(place, bytes)) await writeAtomic(this.imageFile(place), bytes)
      })
    }
  }

  /**
   * Whether an image is to be laid: not where it lies already, as when the images of `into` themselves are labelled.
   * @throws ERR_WORDMASK_INVALID_ARGUMENT for a file that no run laid there
   */
  private async isFree(place: Placed, bytes?: Uint8Array): Promise<boolean> {
    const file = this.imageFile(place)
    if (!(await lstat(file).catch(() => undefined))) return true
    if (isFile(place) && (await isSame(file, place.uri))) return false
    if (bytes && (await readFile(file).catch(() => undefined))?.equals(bytes)) return false
    this.laid ??= new Set([...(await this.opened()).done.values()].filter(({ bytes }) => bytes >= 0).map(({ name }) => name))
    if (this.laid.has(place.name)) return true
    throw new WordmaskError(
      'ERR_WORDMASK_INVALID_ARGUMENT',
      `${file} is there already, and no image of this run: choose another folder, so that it is not written over`,
    )
  }

  private imageFile({ name, label }: Placed): string {
    const ending = path.extname(label.relative)
    return path.join(this.into, 'images', `${name}${isImage(ending) ? ending : ''}`)
  }

  private async finish({ label, name }: Placed, job: string, layImage: () => Promise<unknown>): Promise<void> {
    const { place, bytes, width, height, pixels } = label
    try {
      await layImage()
      await writeAtomic(labelFileOf(this.into, name), label.data)
    } catch (error) {
      // What is written beside has a longer name than the image; that is this image's alone.
      if (((error as Error).cause as { code?: unknown } | undefined)?.code !== 'ENAMETOOLONG') throw error
      await this.reject(place, error as WordmaskError)
      return
    }
    await (await this.opened()).append({ image: placeName(place), name, bytes, modified: 0, job, width, height, pixels })
  }

  private async reject(place: ImagePlace, { code, message }: { code: string; message: string }): Promise<void> {
    const journal = await this.opened()
    const image = placeName(place)
    if (journal.done.has(image)) return
    await journal.append({ image, name: '', bytes: -1, modified: -1, code, reason: message } satisfies LabelLine)
  }
}

/** Every image of the folder, the last word on each. */
export async function* labelLines(into: string): AsyncGenerator<LabelLine> {
  if (await isThere(journalFile(into))) yield* readJournal(journalFile(into)) as AsyncGenerator<LabelLine>
}

export const isThere = async (file: string): Promise<boolean> => (await stat(file).catch(() => undefined)) !== undefined

const stem = (relative: string) => relative.replace(/(?<=[^/])\.[^./]+$/, '')
const isFile = ({ uri, key }: ImagePlace) => key === undefined && schemeOf(uri) === 'file'
const sharing = (relative: string) =>
  new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `Another image has the label map of ${relative}: its name differs in the ending alone. Have images linked or copied`,
  )

async function isSame(file: string, uri: string): Promise<boolean> {
  const [one, other] = await Promise.all(
    [stat(file), stat(Buffer.from(uriToBytes(uri), 'latin1'))].map((found) => found.catch(() => undefined)),
  )
  return one !== undefined && one.ino === other?.ino && one.dev === other.dev
}

/** Made beside and renamed, over what is there. */
async function link(uri: string, file: string): Promise<void> {
  const beside = besideOf(file)
  try {
    await makeFolder(path.dirname(file))
    await symlink(Buffer.from(uriToBytes(uri), 'latin1'), beside)
    await rename(beside, file)
  } catch (cause) {
    await rm(beside, { force: true }).catch(() => {})
    throw new WordmaskError('ERR_WORDMASK_IO', `Cannot link ${file} to ${uri}: ${(cause as Error).message}`, { cause })
  }
}
