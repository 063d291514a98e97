import { z } from 'zod'
import { WordmaskError } from '../../errors'
import { checkOptions, positiveInteger, type RunOptions, runOptions, throwIfAborted } from '../../options'
import { writeAtomic } from '../../run/atomic'
import { drawAudit, estimatedOf } from '../audit'
import { type CuratedImage, type CuratedSet, summaryLine } from '../curated-set'
import { placeOf, type ReadImages } from '../images'
import { type ReviewPage, renderReview, type Section, type Tile } from './page'
import { sizes, type ThumbnailSize, thumbnail, unreadable } from './thumbnails'

export interface ReviewOptions extends RunOptions {
  /** Show a random sample of this many images in random order instead of everything; judging them measures precision. */
  audit?: number
  /** Of the random sample. Default 0. */
  seed?: number
  /** The page is never larger: thumbnails become smaller first. Default 48 MiB. */
  maxBytes?: number
  title?: string
}

const reviewOptions = z.strictObject({
  ...runOptions,
  audit: positiveInteger.optional(),
  seed: z.number().int().nonnegative().optional(),
  maxBytes: positiveInteger.optional(),
  title: z.string().min(1).optional(),
})

/** Bytes of the page around a picture: names, markup. */
const markup = 1200

export async function writeReview(file: string, set: CuratedSet, read: ReadImages, given: ReviewOptions) {
  const { audit: count, seed = 0, maxBytes = 48 * 2 ** 20, title, signal, onProgress } = checkOptions('review', reviewOptions, given)
  const audit = count === undefined ? undefined : drawAudit(set, count, seed)
  const images = audit?.images ?? [...set.images()]
  let failed = 0
  for (const size of sizes) {
    const pictures = await thumbnails(images, read, size, maxBytes, signal, onProgress)
    if (pictures === undefined) continue
    failed = pictures.filter((src) => src === unreadable).length
    const page = describe(set, images, pictures, audit?.id, title)
    const text = [...renderReview(page)].join('')
    const bytes = Buffer.byteLength(text)
    if (bytes > maxBytes) continue
    await writeAtomic(file, text)
    return { images: images.length, bytes, unreadable: failed }
  }
  throw new WordmaskError(
    'ERR_WORDMASK_INVALID_ARGUMENT',
    `${images.length} images do not fit in a page of ${maxBytes} bytes, not even at ${sizes.at(-1)!.side} pixels. Review fewer classes at a time, a sample (audit), or give a larger maxBytes`,
  )
}

/** Data URIs in the order of `images`; undefined as soon as they do not fit. */
async function thumbnails(
  images: CuratedImage[],
  read: ReadImages,
  size: ThumbnailSize,
  maxBytes: number,
  signal: AbortSignal | undefined,
  onProgress: RunOptions['onProgress'],
): Promise<string[] | undefined> {
  const pictures = new Array<string>(images.length).fill(unreadable)
  let bytes = markup * images.length
  let done = 0
  if (bytes > maxBytes) return undefined
  const places = images.map((image, index) => placeOf(image, { index, crop: image.box }))
  for await (const { place, bytes: file } of read(places, { signal })) {
    throwIfAborted(signal)
    if (file !== undefined) {
      const src = await thumbnail(file, place.crop, size).catch(() => unreadable)
      pictures[place.index] = src
      bytes += src.length
    }
    if (bytes > maxBytes) return undefined
    onProgress?.(++done, images.length)
  }
  return pictures
}

function describe(set: CuratedSet, images: CuratedImage[], pictures: string[], audit: string | undefined, title?: string): ReviewPage {
  const classes = set.classes.map(({ entry }) => entry.name)
  const position = new Map(classes.map((name, i) => [name, i]))
  const tiles = images.map((image, i): Tile => {
    const { id, class: name, rank, score, caption, accepted } = image
    const label = `${name} ${audit === undefined ? rank + 1 : i + 1}${caption === undefined ? '' : `: ${caption.slice(0, 160)}`}`
    return { id, class: position.get(name)!, src: pictures[i]!, score, label, accepted: audit === undefined && accepted === true }
  })
  const estimated = estimatedOf(set)
  const says = estimated === undefined ? '' : ` Estimated precision, from scores alone: ${estimated.toFixed(2)}.`
  const { archive, rows, model } = set.origin
  const common = {
    classes,
    key: audit ?? set.key,
    footer: [`${archive}: ${rows} images, model ${model.name} (${model.licence}); set ${set.key}`],
  }
  if (audit !== undefined)
    return {
      ...common,
      audit,
      title: title ?? `Audit: ${tiles.length} of ${set.size} images at random`,
      lead: [
        'Does the image show what its name says? Accept it or reject it. All of them, so that the precision measured is that of the set.',
      ],
      sections: [{ title: 'Random sample', note: '', tiles }],
      file: 'audit.jsonl',
    }
  return {
    ...common,
    title: title ?? `Review: ${set.size} images of ${classes.length} ${classes.length === 1 ? 'class' : 'classes'}`,
    lead: [`Best first.${says} What is rejected never comes back, what is accepted stays.`],
    sections: set.classes.map((one, i): Section => {
      const { name } = one.entry
      return { class: i, title: name, note: summaryLine(one).slice(name.length + 1), tiles: tiles.filter((tile) => tile.class === i) }
    }),
    file: 'decisions.jsonl',
  }
}
