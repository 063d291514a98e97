import type { Clip as NativeClip, Task } from '../../binding'
import { checkPath } from '../arguments'
import { madeElsewhere } from '../errors'
import { decodeImage } from '../image/decode'
import { type ImageInput, type ImageInputs, imageCount } from '../image/input'
import { Lifetime } from '../lifetime'
import { Limiter } from '../limiter'
import { checkOptions, type RunOptions, type Tensor } from '../options'
import { withSignal } from '../task'
import { type ClassEntry, type ClassSpec, parseClasses } from '../text/classes'
import type { Templates } from '../text/prompts'
import type { TokenTensor } from '../text/tokenizer'
import { encodeImages } from './images'
import { type ClipInfo, describeClip } from './info'
import { OpenClip, openClip } from './open'
import * as options from './options'
import { rank } from './rank'
import { saveClip } from './save'
import { checkView, denseView } from './size'
import type { ClipSource } from './source'
import { classVectors, encodeTexts, toTexts } from './text'

/** Calls that hold pixels at once: as many as share a pass where each has one image. */
const imageCallsAtOnce = 16
const inWork = 2

/**
 * A CLIP: images and texts into one space. Calls may overlap and never block the event loop; they run one after the other on
 * the device's thread, and small calls of encodeImage that wait together share a pass of the tower, as do those of encodeText:
 * an answer differs from that of a call alone by rounding at most. Beyond `maxPending` of Clip.load they reject with
 * ERR_WORDMASK_BUSY, and whatever becomes of one leaves the others alone. Every call rejects with ERR_WORDMASK_DISPOSED after
 * dispose(), ERR_WORDMASK_ABORTED when its signal fires, ERR_WORDMASK_UNKNOWN_OPTION for a misspelt option, and the codes of
 * decodeImage for images.
 */
export class Clip {
  readonly info: ClipInfo
  /** @internal */
  readonly native: NativeClip
  /** @internal */
  readonly source: ClipSource
  /** @internal Segmenters keep the weights while they work with them. */
  readonly lifetime: Lifetime
  private readonly limiter: Limiter

  private constructor(
    /** @internal */
    readonly model: OpenClip,
  ) {
    if (!(model instanceof OpenClip)) throw madeElsewhere('Clip', 'Clip.load()')
    this.native = model.native
    this.source = model.source
    this.info = describeClip(model.source, model.native, model.logitScale)
    this.limiter = new Limiter(imageCallsAtOnce, inWork + model.maxPending)
    this.lifetime = new Lifetime('Clip', () => model.native.dispose())
  }

  /**
   * Loads a model: a built-in name ('scenes', the default, a demonstration model for drawings; 'scenes-clip'), a weight
   * file, a folder (Hugging Face, open_clip), or an ID that `wordmask model pull` brought. Downloads nothing.
   * @throws ERR_WORDMASK_MODEL_NOT_FOUND with the line to type; ERR_WORDMASK_CHECKPOINT, _CHECKPOINT_FORBIDDEN,
   *   _CHECKPOINT_KEYS for weights that are damaged, unsafe or of another architecture; ERR_WORDMASK_DEVICE
   */
  static async load(source = 'scenes', given: options.ClipOptions = {}): Promise<Clip> {
    return new Clip(await openClip(source, given))
  }

  /**
   * Embeds images. -> [n, embedDim]; one image gives [1, embedDim]. Each is resized by its shorter side, cropped to the
   * centre square and normalised as CLIP was trained. Lists and streams are decoded ahead by no more than a batch; the
   * first image that cannot be read rejects the call, and so does what a stream throws, as it is.
   */
  async encodeImage(images: ImageInputs, given: options.EncodeImageOptions = {}): Promise<Tensor> {
    return this.lifetime.during(() => {
      const checked = checkOptions('encodeImage', options.encodeImageOptions, given)
      const encode = () => encodeImages(this.model, images, checked)
      // A stream may wait for its source as long as it likes.
      return imageCount(images) === undefined ? this.limiter.beside(encode) : this.limiter.run(encode, checked.signal)
    })
  }

  /**
   * Embeds texts. -> [n, embedDim]; one text gives [1, embedDim].
   * @throws ERR_WORDMASK_VOCABULARY when a small model knows no word of a text; ERR_WORDMASK_TEMPLATE
   */
  async encodeText(texts: string | readonly string[], given: options.EncodeTextOptions = {}): Promise<Tensor> {
    return this.lifetime.during(() => this.limiter.beside(() => encodeTexts(this.model, texts, given)))
  }

  /** Token ids. -> [n, contextLength], zero padded; longer texts are cut. Words a small model does not know are left out. */
  tokenize(texts: string | readonly string[]): TokenTensor {
    this.lifetime.check()
    return this.model.vocabulary.tokenize(toTexts(texts), true)
  }

  /** The pixels the image tower sees. -> [3, imageSize, imageSize], normalised. */
  async preprocess(image: ImageInput, given: options.PreprocessOptions = {}): Promise<Tensor> {
    return this.lifetime.during(() => {
      const { signal, onProgress: _, ...decode } = checkOptions('preprocess', options.preprocessOptions, given)
      const prepare = (task: Task) =>
        decodeImage(image, decode).then((pixels) => this.native.preprocess(pixels, this.source.preprocess, task))
      return this.limiter.run(() => withSignal(signal, prepare), signal)
    })
  }

  /**
   * One vector a patch. -> [h, w, embedDim], unit length per cell, comparable with encodeText. Row-major over the image:
   * cell [y, x] covers the pixels from y/h to (y+1)/h of the height and x/w to (x+1)/w of the width.
   * @throws ERR_WORDMASK_IMAGE_TOO_LARGE for an image so long and thin that it becomes more than 16,384 patches
   */
  async denseFeatures(image: ImageInput, given: options.DenseFeatureOptions = {}): Promise<Tensor> {
    return this.lifetime.during(() => {
      const { signal, onProgress: _, size, slide, ...decode } = checkOptions('denseFeatures', options.denseFeatureOptions, given)
      checkView(this.source, size, slide)
      const look = async (task: Task) => {
        const pixels = await decodeImage(image, decode)
        return this.native.denseFeatures(pixels, denseView(this.source, pixels, size, slide), task)
      }
      return this.limiter.run(() => withSignal(signal, look), signal)
    })
  }

  /**
   * Which of the names an image shows. -> every name with its share of the softmax over all names (scores sum to 1),
   * best first. @throws ERR_WORDMASK_CLASSES for an empty list or a name given twice
   */
  async classify(
    image: ImageInput,
    names: readonly (string | ClassSpec)[],
    given: options.ClassifyOptions = {},
  ): Promise<{ name: string; score: number }[]> {
    return this.lifetime.during(async () => {
      const { signal, onProgress: _, templates, ...decode } = checkOptions('classify', options.classifyOptions, given)
      const classes = parseClasses(names)
      // The caller's list may change before the call's turn comes.
      const prompts = Array.isArray(templates) ? [...templates] : templates
      return this.limiter.run(async () => {
        const text = await classVectors(this.model, classes, prompts, { signal })
        const vector = await encodeImages(this.model, [image], { ...decode, signal })
        return rank(classes, vector.data, text.data, this.info.logitScale)
      }, signal)
    })
  }

  /**
   * One unit row a class, as parseClasses gives them: the mean over its prompts. -> [classes, embedDim]. `templates` default to
   * the card's.
   */
  async classVectors(classes: readonly ClassEntry[], templates?: Templates, run: RunOptions = {}): Promise<Tensor> {
    return this.lifetime.during(() => {
      const checked = checkOptions('classVectors', options.runOnly, run)
      return this.limiter.beside(() => classVectors(this.model, classes, templates, checked))
    })
  }

  /** Writes the model as one safetensors file that Clip.load reads back without a config. */
  async save(file: string, given: { dtype?: 'float32' | 'float16'; signal?: AbortSignal } = {}): Promise<void> {
    return this.lifetime.during(() => {
      checkPath('file', file)
      const { dtype = 'float32', signal } = checkOptions('save', options.saveOptions, given)
      return withSignal(signal, (task) => saveClip(this.native, this.source, file, dtype, task))
    })
  }

  /**
   * Refuses later calls with ERR_WORDMASK_DISPOSED. Those that have begun end as usual (abort them to be quicker), and the
   * weights are freed after the last of them. Safe to call twice; `info` stays readable.
   */
  dispose(): void {
    void this.lifetime.dispose()
  }

  /** As dispose(); resolves once the weights are freed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.lifetime.dispose()
  }
}
