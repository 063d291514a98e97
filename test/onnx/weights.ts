import { join } from 'node:path'
import { binding } from '../../lib/binding'
import { random } from '../helpers/testing'
import type { Weights } from './reference'

/** A narrow DeepLabv3+ with ReCo+'s keys; norms, biases and statistics are drawn too, so that none can be forgotten. */
export function drawWeights(backbone: 'mobilenet' | 'resnet', classes: number, seed: number): Weights {
  const next = random(seed)
  const weights: Weights = new Map()
  const draw = (key: string, shape: number[], middle: number, spread: number) =>
    weights.set(key, { data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => middle + spread * next()), shape })
  const conv = (key: string, out: number, inner: number, k: number) =>
    draw(`${key}.weight`, [out, inner, k, k], 0, 1.8 / Math.sqrt(inner * k * k))
  const norm = (key: string, n: number) => {
    draw(`${key}.weight`, [n], 1, 0.3)
    draw(`${key}.bias`, [n], 0, 0.3)
    draw(`${key}.running_mean`, [n], 0, 0.3)
    draw(`${key}.running_var`, [n], 0.8, 0.5)
  }
  const pair = (key: string, out: number, inner: number, k: number) => {
    conv(`${key}.0`, out, inner, k)
    norm(`${key}.1`, out)
  }
  const [low, high] = backbone === 'mobilenet' ? mobilenet(pair, conv, norm) : resnet(pair, conv, norm)
  const separable = (key: string, normKey: string, out: number, inner: number) => {
    conv(`${key}.body.0`, inner, 1, 3)
    conv(`${key}.body.1`, out, inner, 1)
    norm(normKey, out)
  }
  const [narrow, width] = [3, 6]
  pair('classifier.project', narrow, low, 1)
  pair('classifier.aspp.convs.0', width, high, 1)
  for (const i of [1, 2, 3]) separable(`classifier.aspp.convs.${i}.0`, `classifier.aspp.convs.${i}.1`, width, high)
  conv('classifier.aspp.convs.4.1', width, high, 1)
  norm('classifier.aspp.convs.4.2', width)
  pair('classifier.aspp.project', width, 5 * width, 1)
  separable('classifier.classifier.0', 'classifier.classifier.1', width, narrow + width)
  draw('classifier.classifier.3.weight', [classes, width, 1, 1], 0, 3)
  draw('classifier.classifier.3.bias', [classes], 0, 0.3)
  return weights
}

type Make = (key: string, out: number, inner: number, k: number) => void

function mobilenet(pair: Make, conv: Make, norm: (key: string, n: number) => void): [number, number] {
  pair('backbone.features.0', 4, 3, 3)
  // Channels after each block, so that some blocks have a shortcut.
  const channels = [3, 4, 4, 5, 5, 5, 6, 6, 6, 6, 5, 5, 5, 7, 7, 7, 8]
  let inner = 4
  channels.forEach((out, i) => {
    const block = `backbone.features.${i + 1}.conv.`
    const hidden = i === 0 ? inner : inner * 2
    if (i > 0) pair(`${block}0`, hidden, inner, 1)
    pair(`${block}${i > 0 ? 1 : 0}`, hidden, 1, 3)
    conv(`${block}${i > 0 ? 2 : 1}`, out, hidden, 1)
    norm(`${block}${i > 0 ? 3 : 2}`, out)
    inner = out
  })
  return [4, 8]
}

function resnet(pair: Make, conv: Make, norm: (key: string, n: number) => void): [number, number] {
  conv('backbone.conv1', 4, 3, 7)
  norm('backbone.bn1', 4)
  let inner = 4
  for (const [stage, blocks] of [1, 2, 2, 2].entries()) {
    const planes = [2, 2, 3, 3][stage]!
    for (let i = 0; i < blocks; i++) {
      const block = `backbone.layer${stage + 1}.${i}.`
      for (const [n, out, from, k] of [
        [1, planes, inner, 1],
        [2, planes, planes, 3],
        [3, planes * 4, planes, 1],
      ] as const) {
        conv(`${block}conv${n}`, out, from, k)
        norm(`${block}bn${n}`, out)
      }
      if (i === 0) pair(`${block}downsample`, planes * 4, inner, 1)
      inner = planes * 4
    }
  }
  return [8, inner]
}

export async function saveWeights(folder: string, name: string, weights: Weights): Promise<string> {
  const file = join(folder, `${name}.safetensors`)
  const tensors = [...weights].map(([key, tensor]) => ({ key, ...tensor, dtype: 'float32' as const }))
  await binding().writeSafetensors(file, tensors, {}, {})
  return file
}
