import { setImmediate } from 'node:timers/promises'
import { toHalf } from '../archive/half'
import { type GraphBuilder, viewed } from './graph'
import type { StateDict } from './state'

/** What a convolution does beside its weights; the padding keeps the size (stride 1) unless `padding` says otherwise. */
export interface ConvOptions {
  stride?: number
  dilation?: number
  /** One filter a channel. */
  depthwise?: boolean
  padding?: number
}

/** torch.nn.BatchNorm2d's default. */
const epsilon = 1e-5

/** Weights between two breaths of the event loop. */
const weightsAtOnce = 1 << 17

/** Layers of a state dict as nodes. Every BatchNorm is folded into the convolution before it. */
export class Layers {
  /** @param half weights and the values between them are float16 */
  constructor(
    readonly graph: GraphBuilder,
    readonly state: StateDict,
    private readonly half = false,
  ) {}

  /**
   * `key`.weight, and as its bias `key`.bias, or BatchNorm `norm`: w' = w g, b' = b - m g with g = gain / sqrt(variance + eps), in
   * float64.
   */
  async conv(x: string, key: string, norm: string | undefined, options: ConvOptions = {}): Promise<string> {
    const { stride = 1, dilation = 1, depthwise = false } = options
    const { data, shape } = await this.state.tensor(`${key}.weight`)
    const [out, inner, kernel] = shape as [number, number, number, number]
    const padding = options.padding ?? ((kernel - 1) / 2) * dilation
    const inputs = [x]
    if (norm === undefined) {
      inputs.push(await this.weight(data, shape))
      if (this.state.has(`${key}.bias`)) inputs.push(await this.weight((await this.state.tensor(`${key}.bias`)).data, [out]))
    } else {
      const [gain, bias, mean, variance] = await Promise.all(
        ['weight', 'bias', 'running_mean', 'running_var'].map(async (leaf) => (await this.state.tensor(`${norm}.${leaf}`)).data),
      )
      const scale = Float64Array.from(gain as Float32Array, (g, i) => g / Math.sqrt((variance as Float32Array)[i]! + epsilon))
      const each = data.length / out
      await inParts(data, (part, from) => {
        for (let i = 0; i < part.length; i++) part[i] = part[i]! * scale[Math.floor((from + i) / each)]!
      })
      inputs.push(await this.weight(data, shape))
      const shifted = Float32Array.from(bias as Float32Array, (b, i) => b - (mean as Float32Array)[i]! * scale[i]!)
      inputs.push(await this.weight(shifted, [out]))
    }
    return this.graph.node('Conv', inputs, {
      kernel_shape: shape.slice(2),
      strides: [stride, stride],
      dilations: [dilation, dilation],
      pads: [padding, padding, padding, padding],
      group: depthwise ? out / inner : 1,
    })
  }

  /** Convolution `key`.0 and norm `key`.1. */
  convNorm(x: string, key: string, options?: ConvOptions): Promise<string> {
    return this.conv(x, `${key}.0`, `${key}.1`, options)
  }

  /** 3x3 a channel by itself, `key`.body.0, then 1x1 over the channels, `key`.body.1, with its norm; ReLU. */
  async separable(x: string, key: string, norm: string, dilation: number): Promise<string> {
    const filtered = await this.conv(x, `${key}.body.0`, undefined, { dilation, depthwise: true })
    return this.relu(await this.conv(filtered, `${key}.body.1`, norm))
  }

  relu(x: string): string {
    return this.graph.node('Relu', [x])
  }

  relu6(x: string): string {
    const limit = (value: number) => this.graph.constant(this.half ? 'float16' : 'float32', [value], [])
    return this.graph.node('Clip', [x, limit(0), limit(6)])
  }

  add(a: string, b: string): string {
    return this.graph.node('Add', [a, b])
  }

  /** Height and width of [1, c, h, w]: int64 [2]. */
  size(x: string): string {
    return this.graph.node('Shape', [x], { start: 2, end: 4 })
  }

  /** Bilinear with half-pixel centres, to `size` (int64 [2]). */
  enlarge(x: string, size: string): string {
    const sizes = this.graph.node('Concat', [this.graph.node('Shape', [x], { start: 0, end: 2 }), size], { axis: 0 })
    return this.graph.node('Resize', [x, '', '', sizes], { mode: 'linear', coordinate_transformation_mode: 'half_pixel' })
  }

  private async weight(data: Float32Array, shape: readonly number[]): Promise<string> {
    if (!this.half) return this.graph.bytes('float32', viewed(data), shape)
    const bytes = new Uint8Array(2 * data.length)
    await inParts(data, (part, from) => bytes.set(viewed(toHalf(part)), 2 * from))
    return this.graph.bytes('float16', bytes, shape)
  }
}

/** Breathes between parts of `data`. */
async function inParts(data: Float32Array, work: (part: Float32Array, from: number) => void): Promise<void> {
  for (let from = 0; from < data.length; from += weightsAtOnce) {
    if (from > 0) await setImmediate()
    work(data.subarray(from, from + weightsAtOnce), from)
  }
}
