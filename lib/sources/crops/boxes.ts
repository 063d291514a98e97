import { WordmaskError } from '../../errors'
import { throwIfAborted } from '../../options'
import { storeOf } from '../../storage'
import { jsonParts } from './json-stream'

/** Most boxes that are held, about 100 bytes each, after `minConfidence`. */
export const maxBoxes = 5_000_000

/** One region: x, y, width, height in pixels, or in parts of the image's size where `relative`. */
export interface FoundBox {
  box: [number, number, number, number]
  category?: string
  confidence?: number
}

export interface ImageBoxes {
  relative: boolean
  /** Size of the image for which pixels are meant, where the file says so. */
  size?: [number, number]
  boxes: FoundBox[]
}

interface Raw {
  size?: [number, number]
  relative: boolean
  /** Six numbers a box: x, y, width, height, confidence (-1 for none), place of the category in `categories` (-1 for none). */
  numbers: number[]
}

/**
 * Boxes of many images, by the name of the image: COCO instances (`images`, `annotations`, `categories`; crowds are left out) or MegaDetector's
 * JSON (`images` with `detections`). The file is streamed; the boxes are held.
 */
export class BoxFile {
  private readonly images = new Map<string, Raw>()
  private readonly categories: string[] = []
  private readonly places = new Map<string, number>()
  private readonly names = new Map<string, string>()
  private count = 0

  private constructor(
    readonly uri: string,
    private readonly minConfidence: number,
  ) {}

  /** @throws ERR_WORDMASK_INVALID_ARGUMENT for neither format, or more than 5 million boxes */
  static async read(uri: string, minConfidence: number, signal?: AbortSignal): Promise<BoxFile> {
    const file = new BoxFile(uri, minConfidence)
    await file.fill(signal)
    return file
  }

  get imageCount(): number {
    return this.images.size
  }

  /** For messages. */
  get example(): string | undefined {
    return this.images.keys().next().value
  }

  /** @param name path below the source, or member of the tar, '/' as separator */
  of(name: string): ImageBoxes | undefined {
    const raw = this.images.get(plain(name))
    if (raw === undefined) return undefined
    const { numbers, relative, size } = raw
    const boxes: FoundBox[] = []
    for (let i = 0; i < numbers.length; i += 6) {
      const [x, y, width, height, confidence, place] = numbers.slice(i, i + 6) as [number, number, number, number, number, number]
      const id = this.categories[place]
      const category = id === undefined ? undefined : (this.names.get(id) ?? id)
      boxes.push({ box: [x, y, width, height], ...(category !== undefined && { category }), ...(confidence >= 0 && { confidence }) })
    }
    return { relative, boxes, ...(size && { size }) }
  }

  private async fill(signal: AbortSignal | undefined): Promise<void> {
    const byId = new Map<string, Raw>()
    const raw = (id: unknown): Raw => {
      const found = byId.get(String(id)) ?? { relative: false, numbers: [] }
      byId.set(String(id), found)
      return found
    }
    let known = false
    for await (const { name, element, value } of jsonParts(this.uri, (await storeOf(this.uri)).stream(this.uri, { signal }))) {
      throwIfAborted(signal)
      if (name === 'categories' && element) this.names.set(String((value as Category).id), String((value as Category).name))
      else if (name === 'detection_categories') for (const [id, text] of Object.entries(value as object)) this.names.set(id, String(text))
      else if (name === 'annotations' && element) {
        known = true
        const { image_id, bbox, iscrowd, category_id, score } = value as Annotation
        if (!iscrowd) this.add(raw(image_id), bbox, score, category_id)
      } else if (name === 'images' && element) {
        known = true
        const { file, file_name, id, detections, width, height } = value as Image
        if (file_name !== undefined) {
          const image = raw(id)
          if (isSize(width) && isSize(height)) image.size = [width, height]
          this.images.set(plain(file_name), image)
        } else if (file !== undefined) {
          const image: Raw = { relative: true, numbers: [] }
          for (const { bbox, conf, category } of detections ?? []) this.add(image, bbox, conf, category)
          this.images.set(plain(file), image)
        }
      }
    }
    if (!known)
      throw new WordmaskError(
        'ERR_WORDMASK_INVALID_ARGUMENT',
        `Expected COCO instances (images, annotations, categories) or MegaDetector JSON (images with detections) in ${this.uri}`,
      )
  }

  private add(image: Raw, bbox: unknown, confidence: unknown, category: unknown): void {
    const score = typeof confidence === 'number' ? confidence : -1
    if (score >= 0 && score < this.minConfidence) return
    if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(Number.isFinite))
      throw new WordmaskError(
        'ERR_WORDMASK_INVALID_ARGUMENT',
        `Expected bbox to be [x, y, width, height] in ${this.uri} but received ${JSON.stringify(bbox)}`,
      )
    if (++this.count > maxBoxes)
      throw new WordmaskError(
        'ERR_WORDMASK_INVALID_ARGUMENT',
        `${this.uri} has more than ${maxBoxes} boxes, which is the most that is held. Raise minConfidence, or split the file by images`,
      )
    image.numbers.push(...(bbox as number[]), score, category === undefined ? -1 : this.place(String(category)))
  }

  private place(category: string): number {
    let place = this.places.get(category)
    if (place === undefined) {
      place = this.categories.push(category) - 1
      this.places.set(category, place)
    }
    return place
  }
}

interface Category {
  id: unknown
  name: unknown
}
interface Annotation {
  image_id: unknown
  bbox: unknown
  iscrowd?: unknown
  category_id?: unknown
  score?: unknown
}
interface Image {
  file?: string
  file_name?: string
  id?: unknown
  detections?: { bbox: unknown; conf: unknown; category: unknown }[] | null
  width?: unknown
  height?: unknown
}

const isSize = (value: unknown): value is number => typeof value === 'number' && value > 0
/** MegaDetector on Windows writes '\'. */
const plain = (name: string) => name.replaceAll('\\', '/').replace(/^(\.\/)+/, '')
