import type { Layers } from './layers'

/** Of [1, 3, H, W]: [1, c, H / 4, W / 4] and [1, C, H / stride, W / stride], rounded up. */
export interface Features {
  low: string
  high: string
}

/** A stage whose stride would go below the output stride has stride 1, and its blocks after the first double the dilation. */
class Strides {
  private stride: number
  private dilation = 1

  constructor(
    begin: number,
    private readonly outputStride: number,
  ) {
    this.stride = begin
  }

  stage(wanted: number): { step: number; first: number; rest: number } {
    const dilate = this.stride * wanted > this.outputStride
    const first = this.dilation
    const step = dilate ? 1 : wanted
    if (dilate) this.dilation *= wanted
    this.stride *= step
    return { step, first, rest: this.dilation }
  }
}

/** torchvision's ResNet-50, 101, ... without its head: blocks of 1x1, 3x3, 1x1. */
export async function resnet(layers: Layers, x: string, outputStride: number, at = 'backbone.'): Promise<Features> {
  let y = layers.relu(await layers.conv(x, `${at}conv1`, `${at}bn1`, { stride: 2 }))
  y = layers.graph.node('MaxPool', [y], { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] })
  const strides = new Strides(4, outputStride)
  let low = y
  for (const stage of [1, 2, 3, 4]) {
    const { step, first, rest } = strides.stage(stage === 1 ? 1 : 2)
    const blocks = layers.state.count(`${at}layer${stage}.`)
    for (let i = 0; i < blocks; i++) {
      const block = `${at}layer${stage}.${i}.`
      const [stride, dilation] = i === 0 ? [step, first] : [1, rest]
      y = await bottleneck(layers, y, block, stride as number, dilation as number)
    }
    if (stage === 1) low = y
  }
  return { low, high: y }
}

async function bottleneck(layers: Layers, x: string, block: string, stride: number, dilation: number): Promise<string> {
  let y = layers.relu(await layers.conv(x, `${block}conv1`, `${block}bn1`))
  y = layers.relu(await layers.conv(y, `${block}conv2`, `${block}bn2`, { stride, dilation }))
  y = await layers.conv(y, `${block}conv3`, `${block}bn3`)
  const shortcut = layers.state.has(`${block}downsample.0.weight`) ? await layers.convNorm(x, `${block}downsample`, { stride }) : x
  return layers.relu(layers.add(y, shortcut))
}

/** Blocks and stride of MobileNetV2's stages, after the stem; the output of the third block has a quarter of the size. */
const mobileStages = [
  { blocks: 1, stride: 1 },
  { blocks: 2, stride: 2 },
  { blocks: 3, stride: 2 },
  { blocks: 4, stride: 2 },
  { blocks: 3, stride: 1 },
  { blocks: 3, stride: 2 },
  { blocks: 1, stride: 1 },
]
const lowBlock = 3

/** torchvision's MobileNetV2 up to features.17. */
export async function mobilenet(layers: Layers, x: string, outputStride: number, at = 'backbone.'): Promise<Features> {
  let y = layers.relu6(await layers.convNorm(x, `${at}features.0`, { stride: 2 }))
  const strides = new Strides(2, outputStride)
  let low = y
  let number = 1
  for (const { blocks, stride: wanted } of mobileStages) {
    const { step, first, rest } = strides.stage(wanted)
    for (let i = 0; i < blocks; i++, number++) {
      const [stride, dilation] = i === 0 ? [step, first] : [1, rest]
      y = await invertedResidual(layers, y, `${at}features.${number}.conv.`, stride as number, dilation as number)
      if (number === lowBlock) low = y
    }
  }
  return { low, high: y }
}

/** Widened (unless a block has no such layer), filtered a channel at a time, narrowed; added to its input where the shapes are equal. */
async function invertedResidual(layers: Layers, x: string, conv: string, stride: number, dilation: number): Promise<string> {
  const widens = layers.state.has(`${conv}1.0.weight`)
  let [y, i] = [x, 0]
  if (widens) y = layers.relu6(await layers.convNorm(y, `${conv}${i++}`))
  y = layers.relu6(await layers.convNorm(y, `${conv}${i++}`, { stride, dilation, depthwise: true }))
  y = await layers.conv(y, `${conv}${i}`, `${conv}${i + 1}`)
  const inChannels = layers.state.shape(`${conv}0.0.weight`)[widens ? 1 : 0]
  const same = stride === 1 && inChannels === layers.state.shape(`${conv}${i}.weight`)[0]
  return same ? layers.add(x, y) : y
}
