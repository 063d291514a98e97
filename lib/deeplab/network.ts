import type { DeepLab } from '../../binding'
import { binding } from '../binding'
import type { ClipOptions } from '../clip/options'
import { Lifetime } from '../lifetime'
import { withSignal } from '../task'
import type { SavedNetwork } from './saved'

/** A loaded DeepLabv3+ and what is known about it. */
export class Network {
  readonly lifetime: Lifetime
  readonly dtype: string
  readonly device: string

  private constructor(
    readonly native: DeepLab,
    readonly saved: SavedNetwork,
    readonly file: string,
  ) {
    const { dtype, device } = native.info()
    this.dtype = dtype
    this.device = device
    this.lifetime = new Lifetime('Segmenter', () => native.dispose())
  }

  static async load(
    file: string,
    saved: SavedNetwork,
    options: Pick<ClipOptions, 'device' | 'dtype' | 'signal' | 'onProgress'>,
  ): Promise<Network> {
    const { device = 'auto', dtype = 'float32', signal, onProgress } = options
    const native = await withSignal(signal, (task) =>
      binding().DeepLab.load(saved.config, [file], { device, dtype }, { ...task, ...(onProgress && { onProgress }) }),
    )
    return new Network(native, saved, file)
  }

  get name(): string {
    return `DeepLabv3+ ${this.saved.config.backbone}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.lifetime.dispose()
  }
}
