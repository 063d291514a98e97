import { checkPath, isObject } from '../arguments'
import type { Clip } from '../clip/clip'
import { madeElsewhere, WordmaskError } from '../errors'
import { type ImageInput, type ImageInputs, imageCount, imageStream } from '../image/input'
import { mapOrdered } from '../image/stream'
import { Lifetime } from '../lifetime'
import { Limiter } from '../limiter'
import { checkOptions, throwIfAborted } from '../options'
import type { ReferenceAbout } from '../reco/reference'
import { refinementOf } from '../refine/options'
import { type ClassEntry, parseClasses } from '../text/classes'
import { templateList } from '../text/prompts'
import { loadSegmenter } from './load'
import type { ModelAbout, SegmentMethod } from './method'
import { methodKind, methodNamed } from './methods'
import { Models } from './models'
import * as options from './options'
import { type Defaults, type Plan, planCall, type Standing, standing } from './plan'
import { segmentImage } from './run'
import { type SaveOptions, saveSegmenter } from './save'
import { failureOf, type Segmentation, type SegmentFailure } from './segmentation'

/** Decodes the next image while one is in the tower. Calls beyond these count as waiting. */
const imagesAtOnce = 2

/** Of those waiting, so many more are decoded as fit one tower pass; more would only hold pixels. */
const imagesAPass = 8

/**
 * Labels every pixel of an image with one of the names. Calls may overlap: those that wait for the model together and see
 * their images at the same size (without `slide`) share a tower pass, up to 8 of them, whatever their names. Each is
 * aborted, fails and is answered by itself; an answer differs from that of a call alone by rounding at most. Every call rejects
 * with ERR_WORDMASK_DISPOSED after dispose() of the segmenter or of its models; answers stay usable.
 */
export class Segmenter {
  private readonly limiter: Limiter
  private readonly standing: Standing
  private readonly lifetime: Lifetime

  private constructor(
    /** @internal */
    readonly strategy: SegmentMethod,
    /** @internal */
    readonly defaults: Defaults,
    maxPending: number,
  ) {
    if (!isObject(strategy) || !(strategy.models instanceof Models))
      throw madeElsewhere('Segmenter', 'Segmenter.create() or Segmenter.load()')
    this.limiter = new Limiter(imagesAPass, imagesAtOnce + maxPending)
    this.standing = standing(defaults)
    this.lifetime = new Lifetime('Segmenter', () => void strategy.models[Symbol.asyncDispose]())
  }

  get method(): options.Method {
    return this.strategy.name
  }

  /** The model that reads the names. @throws ERR_WORDMASK_INVALID_ARGUMENT for a trained segmenter, whose names are fixed */
  get clip(): Clip {
    const { clip, name } = this.strategy
    if (clip) return clip
    throw new WordmaskError('ERR_WORDMASK_INVALID_ARGUMENT', `A segmenter of method '${name}' reads no names: it has no clip`)
  }

  /** What segments. */
  get about(): ModelAbout {
    return this.strategy.about ?? this.clip.info
  }

  /** What the references of 'reco' were made from, contexts first; empty for other methods. */
  get references(): readonly ReferenceAbout[] {
    return this.strategy.references ?? []
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
    const kind = await methodKind(methodNamed(isObject(given) ? (given.method ?? 'maskclip') : 'maskclip'))
    const checked = checkOptions('Segmenter.create', kind.options, given) as options.SegmenterOptions
    const { classes, templates, background, size, slide, maxPixels, refine, maxPending = 64, signal, onProgress } = checked
    throwIfAborted(signal)
    const entries = classes && parseClasses(classes)
    if (templates !== undefined) templateList(templates)
    const strategy = await kind.create(checked)
    try {
      strategy.checkView(size, slide)
      const own = templates ?? strategy.templates
      const look = { size, slide, maxPixels, refine: refinementOf(refine ?? undefined) }
      const defaults = { classes: entries, templates: own, background: background ?? undefined, ...look }
      return await strategy.models.during(async () => {
        const segmenter = new Segmenter(strategy, defaults, maxPending)
        const { rows } = segmenter.standing
        if (rows) await strategy.prepare({ rows, templates: own }, { signal, onProgress })
        return segmenter
      })
    } catch (error) {
      await strategy.models[Symbol.asyncDispose]()
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
    const { strategy, defaults } = await loadSegmenter(folder, rest)
    return new Segmenter(strategy, defaults, maxPending)
  }

  /**
   * Segments one image.
   * @throws ERR_WORDMASK_BUSY when `maxPending` calls wait beside the two in work; ERR_WORDMASK_IMAGE and its kin; ERR_WORDMASK_ABORTED
   */
  async segment(image: ImageInput, given: options.SegmentOptions = {}): Promise<Segmentation> {
    return this.during(async () => {
      const { onProgress, ...rest } = checkOptions('segment', options.segmentOptions, given)
      const answer = await this.queue(image, planCall(this.strategy, this.standing, rest), false)
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
    const plan = planCall(this.strategy, this.standing, rest)
    const total = imageCount(images)
    const stream = imageStream(images)
    await this.during(() => this.strategy.prepare(plan, { signal: plan.signal }))
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
    return this.during(() => saveSegmenter(this.strategy, this.defaults, folder, given))
  }

  /**
   * Ends the segmenter: later calls reject with ERR_WORDMASK_DISPOSED, those that have begun end as usual. A model that was
   * passed in stays open; one that the segmenter loaded is disposed of after the last call. Safe to call twice.
   */
  dispose(): void {
    void this.lifetime.dispose()
  }

  /** As dispose(); resolves once all calls have ended and the models of its own are freed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.lifetime.dispose()
    await this.strategy.models[Symbol.asyncDispose]()
  }

  private check(): void {
    this.lifetime.check()
    this.strategy.models.check()
  }

  /** A call that uses the segmenter and its models from here to its end. */
  private during<T>(call: () => Promise<T>): Promise<T> {
    return this.lifetime.during(() => this.strategy.models.during(call))
  }

  private async queue(image: ImageInput, plan: Plan, patient: boolean): Promise<Segmentation> {
    return this.limiter.run(() => segmentImage(this.strategy, image, plan), plan.signal, patient)
  }
}
