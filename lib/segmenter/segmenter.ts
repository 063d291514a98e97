import { checkPath } from '../arguments'
import { Clip } from '../clip/clip'
import { checkView } from '../clip/size'
import { classVectors } from '../clip/text'
import { invalidArgument, madeElsewhere } from '../errors'
import { type ImageInput, type ImageInputs, imageCount, imageStream } from '../image/input'
import { mapOrdered } from '../image/stream'
import { Lifetime } from '../lifetime'
import { Limiter } from '../limiter'
import { checkOptions } from '../options'
import { type ClassEntry, parseClasses } from '../text/classes'
import { templateList } from '../text/prompts'
import { loadSegmenter } from './load'
import * as options from './options'
import { type Defaults, type Plan, planCall, type Standing, standing } from './plan'
import { segmentImage } from './run'
import { type SaveOptions, saveSegmenter } from './save'
import { failureOf, type Segmentation, type SegmentFailure } from './segmentation'
import { TextCache } from './text-cache'

/** Decodes the next image while one is in the tower. Calls beyond these count as waiting. */
const imagesAtOnce = 2

/** Of those waiting, so many more are decoded as fit one tower pass; more would only hold pixels. */
const imagesAPass = 8

/**
 * Labels every pixel of an image with one of the names. Calls may overlap: those that wait for the model together and see
 * their images at the same size (without `slide`) share a tower pass, up to 8 of them, whatever their names. Each is
 * aborted, fails and is answered by itself; an answer differs from that of a call alone by rounding at most. Every call rejects
 * with ERR_WORDMASK_DISPOSED after dispose() of the segmenter or of its Clip; answers stay usable.
 */
export class Segmenter {
  private readonly limiter: Limiter
  private readonly standing: Standing
  private readonly lifetime: Lifetime

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
    if (!(text instanceof TextCache)) throw madeElsewhere('Segmenter', 'Segmenter.create() or Segmenter.load()')
    this.limiter = new Limiter(imagesAPass, imagesAtOnce + maxPending)
    this.standing = standing(defaults)
    this.lifetime = new Lifetime('Segmenter', () => ownsClip && clip.dispose())
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
      checkView(model.source, size, slide)
      const own = templates ?? model.source.templates
      const defaults = { method: named, classes: entries, templates: own, background: background ?? undefined, size, slide, maxPixels }
      return await model.lifetime.during(async () => {
        const segmenter = new Segmenter(model, defaults, textCache(model), owns, maxPending)
        if (segmenter.standing.rows) await segmenter.text.vectors(segmenter.standing.rows, own, signal)
        return segmenter
      })
    } catch (error) {
      if (owns) model.dispose()
      throw error
    }
  }

  /**
   * Reads what save() wrote. @throws ERR_WORDMASK_VERSION for a newer format, ERR_WORDMASK_CHECKPOINT for a folder that was
   * damaged or changed, ERR_WORDMASK_FILE_NOT_FOUND, ERR_WORDMASK_MODEL_NOT_FOUND
   */
  static async load(folder: string, given: options.SegmenterLoadOptions = {}): Promise<Segmenter> {
    checkPath('folder', folder)
    const { maxPending = 64, ...rest } = checkOptions('Segmenter.load', options.segmenterLoadOptions, given)
    const { clip, defaults, vectors } = await loadSegmenter(folder, rest)
    const text = textCache(clip)
    const segmenter = new Segmenter(clip, defaults, text, true, maxPending)
    if (vectors && segmenter.standing.rows) text.add(segmenter.standing.rows, defaults.templates, vectors)
    return segmenter
  }

  /**
   * Segments one image.
   * @throws ERR_WORDMASK_BUSY when `maxPending` calls wait beside the two in work; ERR_WORDMASK_IMAGE and its kin; ERR_WORDMASK_ABORTED
   */
  async segment(image: ImageInput, given: options.SegmentOptions = {}): Promise<Segmentation> {
    return this.during(async () => {
      const { onProgress, ...rest } = checkOptions('segment', options.segmentOptions, given)
      const answer = await this.queue(image, planCall(this.clip.source, this.standing, rest), false)
      onProgress?.(1, 1)
      return answer
    })
  }

  /**
   * Segments a list or a stream, in order, reading no further ahead than `concurrency`. Options and names are seen to before
   * the first image is asked for. An image that cannot be read gives `{ error, index }` in its place; anything else that fails ends the loop, and so does dispose() at the next image. Leaving
   * the loop early stops what was begun ahead and closes the stream.
   */
  async *segmentAll(images: ImageInputs, given: options.SegmentAllOptions = {}): AsyncGenerator<Segmentation | SegmentFailure> {
    this.check()
    const { concurrency = imagesAtOnce, onProgress, ...rest } = checkOptions('segmentAll', options.segmentAllOptions, given)
    const plan = planCall(this.clip.source, this.standing, rest)
    const total = imageCount(images)
    const stream = imageStream(images)
    await this.during(() => this.text.vectors(plan.rows, plan.templates, plan.signal))
    const work = async (image: ImageInput, index: number, signal: AbortSignal) => {
      try {
        return await this.during(() => this.queue(image, { ...plan, signal }, true))
      } catch (error) {
        return failureOf(error, index)
      }
    }
    let done = 0
    for await (const outcome of mapOrdered(stream, work, { concurrency, signal: rest.signal })) {
      onProgress?.(++done, total)
      yield outcome
    }
  }

  /**
   * Writes wordmask.json and text.safetensors (the text vectors) to a folder. The model is referred to by name and sha256,
   * or with `copyWeights` written beside them, so that the folder stands alone.
   */
  async save(folder: string, given: SaveOptions = {}): Promise<void> {
    return this.during(() => saveSegmenter(this, folder, given))
  }

  /**
   * Ends the segmenter: later calls reject with ERR_WORDMASK_DISPOSED, those that have begun end as usual. A Clip that was
   * passed in stays open; one that the segmenter loaded is disposed of after the last call. Safe to call twice.
   */
  dispose(): void {
    void this.lifetime.dispose()
  }

  /** As dispose(); resolves once all calls have ended and a Clip of its own is freed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.lifetime.dispose()
    if (this.ownsClip) await this.clip[Symbol.asyncDispose]()
  }

  private check(): void {
    this.lifetime.check()
    this.clip.lifetime.check()
  }

  /** A call that uses the segmenter and its model from here to its end. */
  private during<T>(call: () => Promise<T>): Promise<T> {
    return this.lifetime.during(() => this.clip.lifetime.during(call))
  }

  private async queue(image: ImageInput, plan: Plan, patient: boolean): Promise<Segmentation> {
    return this.limiter.run(() => segmentImage(this.clip, this.text, image, plan), plan.signal, patient)
  }
}

const textCache = (clip: Clip) => new TextCache((rows, templates, run) => classVectors(clip.model, rows, templates, run))
