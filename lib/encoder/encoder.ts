import type { Encoder as NativeEncoder, Task } from '../../binding'
import { binding } from '../binding'
import { towerSize } from '../clip/size'
import { invalidArgument, madeElsewhere } from '../errors'
import { decodeImage } from '../image/decode'
import type { ImageInput } from '../image/input'
import { Lifetime } from '../lifetime'
import { Limiter } from '../limiter'
import { checkOptions, type Tensor, throwIfAborted } from '../options'
import { withSignal } from '../task'
import { describeEncoder, type EncoderInfo } from './info'
import { type EncoderFeatureOptions, type EncoderOptions, encoderFeatureOptions, encoderOptions } from './options'
import { type EncoderSource, findEncoder } from './source'

/** Calls that hold pixels at once: one in the tower, the others decoding. */
const callsAtOnce = 4
const inWork = 2

/** Only load() has it. */
const made = Symbol('made')

/** Features of an image [h, w, channels], row-major, as the tower gives them: not normalised. */
export interface DenseFeatures extends Tensor {
  /** Pixels of the image as the tower saw it. */
  width: number
  height: number
  /**
   * Pixels of it that the grid covers from the upper left corner: h * cell by w * cell. Less than the image where the tower drops
   * what fills no cell (DeiT), more where it pads (DINO). ReCo stretches every grid over the whole image all the same.
   */
  extent: { width: number; height: number }
}

/**
 * A frozen tower that turns an image into dense features, for co-segmentation and for everything else that compares cells of
 * images. Calls may overlap, as those of Clip do; they reject with ERR_WORDMASK_DISPOSED after dispose(), ERR_WORDMASK_ABORTED
 * when their signal fires, ERR_WORDMASK_UNKNOWN_OPTION for a misspelt option, ERR_WORDMASK_BUSY beyond `maxPending`, and the codes
 * of decodeImage.
 */
export class Encoder {
  readonly info: EncoderInfo
  /** @internal Whoever works with the tower keeps the weights meanwhile. */
  readonly lifetime: Lifetime
  private readonly limiter: Limiter

  private constructor(
    /** @internal */
    readonly native: NativeEncoder,
    /** @internal */
    readonly source: EncoderSource,
    maxPending: number,
    token: unknown,
  ) {
    if (token !== made) throw madeElsewhere('Encoder', 'Encoder.load()')
    this.info = describeEncoder(source, native)
    this.limiter = new Limiter(callsAtOnce, inWork + maxPending)
    this.lifetime = new Lifetime('Encoder', () => native.dispose())
  }

  /**
   * Loads an encoder: a built-in CLIP's image tower ('scenes', the default, a demonstration model for drawings), an official file
   * of DeiT, DINO, DINOv2, torchvision's ResNet or MoCo (told by its keys), any CLIP, or an ID that `wordmask model pull` brought.
   * Downloads nothing.
   * @throws ERR_WORDMASK_MODEL_NOT_FOUND with the line to type; ERR_WORDMASK_CHECKPOINT, _CHECKPOINT_FORBIDDEN, _CHECKPOINT_KEYS
   *   for weights that are damaged, unsafe, or of another architecture; ERR_WORDMASK_DEVICE
   */
  static async load(source = 'scenes', given: EncoderOptions = {}): Promise<Encoder> {
    if (typeof source !== 'string' || source === '') throw invalidArgument('source', 'a built-in name, a path or a pulled ID', source)
    const options = checkOptions('Encoder.load', encoderOptions, given)
    const { device = 'auto', dtype = 'float32', threads, maxPending = 256, signal, onProgress } = options
    const library = binding()
    if (threads !== undefined) library.setThreads(threads)
    return withSignal(signal, async (task) => {
      const found = await findEncoder(source, options, library, task)
      const native = await library.Encoder.load(
        found.config,
        found.files,
        { device, dtype },
        { ...task, ...(onProgress && { onProgress }) },
      )
      try {
        throwIfAborted(signal)
        return new Encoder(native, found, maxPending, made)
      } catch (error) {
        native.dispose()
        throw error
      }
    })
  }

  /**
   * Dense features of an image, resized as the tower was trained. -> [h, w, channels].
   * @throws ERR_WORDMASK_INVALID_ARGUMENT for a size of more than 16,384 cells or of no whole cell, ERR_WORDMASK_IMAGE_TOO_LARGE
   *   for an image so long and thin that it becomes more
   */
  async features(image: ImageInput, given: EncoderFeatureOptions = {}): Promise<DenseFeatures> {
    return this.lifetime.during(() => {
      const { signal, onProgress, size = this.info.size, ...decode } = checkOptions('features', encoderFeatureOptions, given)
      const { cell } = this.info
      // A square has the fewest cells of all images with this shorter side: what is wrong with it needs no image.
      towerSize({ width: 1, height: 1 }, size, cell, false)
      const look = async (task: Task) => {
        const pixels = await decodeImage(image, decode)
        const rounded = towerSize(pixels, size, cell, false)
        const { width, height } = typeof size === 'number' ? rounded : size
        const { data, shape } = await this.native.features(pixels, { ...this.source.preprocess, width, height }, task)
        const [h, w] = shape as [number, number, number]
        onProgress?.(1, 1)
        return { data, shape, width, height, extent: { width: w * cell, height: h * cell } }
      }
      return this.limiter.run(() => withSignal(signal, look), signal)
    })
  }

  /**
   * Refuses later calls with ERR_WORDMASK_DISPOSED. Those that have begun end as usual, and the weights are freed after the last of
   * them. Safe to call twice; `info` stays readable.
   */
  dispose(): void {
    void this.lifetime.dispose()
  }

  /** As dispose(); resolves once the weights are freed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.lifetime.dispose()
  }
}
