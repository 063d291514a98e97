import { Clip } from '../clip/clip'
import { invalidArgument, WordmaskError } from '../errors'
import { type ImageInput, type ImageInputs, imageCount, imageStream } from '../image/input'
import { mapOrdered } from '../image/stream'
import { abortedError, checkOptions } from '../options'
import { type ClassEntry, parseClasses } from '../text/classes'
import { templateList } from '../text/prompts'
import { Limiter } from './limiter'
import * as options from './options'
import { type Defaults, type Plan, planCall, type Standing, standing } from './plan'
import { segmentImage } from './run'
import { loadSegmenter, type SaveOptions, saveSegmenter } from './save'
import type { Segmentation, SegmentFailure } from './segmentation'
import { TextCache } from './text-cache'

/** Decodes the next image while one is in the tower. Calls beyond these count as waiting. */
const imagesAtOnce = 2

/** Of those waiting, so many more are decoded as fit one tower pass; more would only hold pixels. */
const imagesAPass = 8

/** Failures that are about one image and leave the others alone. */
const imageCodes = [
  'ERR_WORDMASK_IMAGE',
  'ERR_WORDMASK_IMAGE_TOO_LARGE',
  'ERR_WORDMASK_FILE_NOT_FOUND',
  'ERR_WORDMASK_IO',
  'ERR_WORDMASK_INVALID_ARGUMENT',
]

/**
 * Labels every pixel of an image with one of the names. Calls may overlap: those that wait for the model together and see
 * their images at the same size (without `slide`) share a tower pass, up to 8 of them, whatever their names. Each is
 * aborted, fails and is answered by itself; an answer differs from that of a call alone by rounding at most.
 */
export class Segmenter {
  private readonly limiter: Limiter
  private readonly standing: Standing
  private disposed = false

  private constructor(
    /** The model in use. */
    readonly clip: Clip,
    /** @internal */
    readonly defaults: Defaults,
    /** @internal */
    readonly text: TextCache,
    private readonly ownsClip: boolean,
    maxPending: number,
  ) {
    this.limiter = new Limiter(imagesAPass, imagesAtOnce + maxPending)
    this.standing = standing(defaults)
  }

  get method(): options.Method {
    return this.defaults.method
  }

  /** The classes of calls that name none. */
  get classes(): readonly ClassEntry[] | undefined {
    return this.defaults.classes
  }

  /**
   * Makes a segmenter. Classes are encoded now if given, so that the first image is as fast as the others.
   * @throws ERR_WORDMASK_CLASSES, _TEMPLATE, _VOCABULARY (a small model knows no word of a name), and what Clip.load throws
   */
  static async create(given: options.SegmenterOptions = {}): Promise<Segmenter> {
    const {
      method = 'maskclip',
      clip = 'scenes',
      classes,
      templates,
      background,
      size,
      slide,
      maxPixels,
      maxPending = 64,
      signal,
      onProgress,
    } = checkOptions('Segmenter.create', options.segmenterOptions, given)
    const named = options.methodNamed(method)
    const entries = classes && parseClasses(classes)
    if (templates !== undefined) templateList(templates)
    const owns = typeof clip === 'string'
    if (!owns && !(clip instanceof Clip)) throw invalidArgument('clip', 'a Clip, or what Clip.load takes', clip)
    const model = typeof clip === 'string' ? await Clip.load(clip, { signal, onProgress }) : clip
    try {
      const own = templates ?? model.source.templates
      const defaults = { method: named, classes: entries, templates: own, background: background ?? undefined, size, slide, maxPixels }
      const segmenter = new Segmenter(model, defaults, new TextCache(model), owns, maxPending)
      if (segmenter.standing.rows) await segmenter.text.vectors(segmenter.standing.rows, own, signal)
      return segmenter
    } catch (error) {
      if (owns) model.dispose()
      throw error
    }
  }

  /** Reads what save() wrote. @throws ERR_WORDMASK_VERSION for a newer format, ERR_WORDMASK_MODEL_NOT_FOUND */
  static load(
    folder: string,
    given: { device?: string; dtype?: 'float32' | 'bfloat16' | 'float16' | 'auto'; maxPending?: number; signal?: AbortSignal } = {},
  ): Promise<Segmenter> {
    const { maxPending = 64, ...rest } = given
    return loadSegmenter(folder, rest, (clip, defaults, text) => new Segmenter(clip, defaults, text, true, maxPending))
  }

  /**
   * Segments one image.
   * @throws ERR_WORDMASK_BUSY when `maxPending` calls wait beside the two in work; ERR_WORDMASK_IMAGE and its kin; ERR_WORDMASK_ABORTED
   */
  async segment(image: ImageInput, given: options.SegmentOptions = {}): Promise<Segmentation> {
    const { onProgress, ...rest } = checkOptions('segment', options.segmentOptions, given)
    const answer = await this.queue(image, planCall(this.standing, rest), false)
    onProgress?.(1, 1)
    return answer
  }

  /**
   * Segments a list or a stream, in order, reading no further ahead than `concurrency`. An image that cannot be read gives
   * `{ error, index }` in its place; anything else that fails ends the loop.
   */
  async *segmentAll(images: ImageInputs, given: options.SegmentAllOptions = {}): AsyncGenerator<Segmentation | SegmentFailure> {
    const { concurrency = imagesAtOnce, onProgress, ...rest } = checkOptions('segmentAll', options.segmentAllOptions, given)
    const plan = planCall(this.standing, rest)
    const total = imageCount(images)
    const work = async (image: ImageInput, index: number) => {
      try {
        return await this.queue(image, plan, true)
      } catch (error) {
        if (error instanceof WordmaskError && imageCodes.includes(error.code)) return { error, index }
        throw error
      }
    }
    let done = 0
    try {
      for await (const outcome of mapOrdered(imageStream(images), work, { concurrency, signal: rest.signal })) {
        onProgress?.(++done, total)
        yield outcome
      }
    } catch (error) {
      if (rest.signal?.aborted) throw abortedError(rest.signal)
      throw error
    }
  }

  /**
   * Writes wordmask.json and text.safetensors (the text vectors) to a folder. The model is referred to by name and sha256,
   * or with `copyWeights` written beside them, so that the folder stands alone.
   */
  async save(folder: string, given: SaveOptions = {}): Promise<void> {
    return saveSegmenter(this, folder, given)
  }

  /** Ends the segmenter: later calls reject with ERR_WORDMASK_DISPOSED. A Clip that was passed in stays open. */
  dispose(): void {
    this.disposed = true
    if (this.ownsClip) this.clip.dispose()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.dispose()
  }

  private async queue(image: ImageInput, plan: Plan, patient: boolean): Promise<Segmentation> {
    if (this.disposed) throw new WordmaskError('ERR_WORDMASK_DISPOSED', 'The segmenter was disposed of')
    return this.limiter.run(() => segmentImage(this.clip, this.text, image, plan), plan.signal, patient)
  }
}
