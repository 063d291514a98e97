import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TrainSegmenterOptions } from '../../binding'
import { binding } from '../../lib/binding'
import { deepLabTesting } from '../helpers/deeplab'
import { scenes, temporary, tinyOptions, writePictures } from './segmenter-tiny'

const pictures = await scenes(2, 48)
const packed = () => writePictures(join(temporary(), 'data.safetensors'), { width: 48, height: 48 }, pictures)
const run = (options: TrainSegmenterOptions) => binding().trainSegmenter(options, () => {}, {})
const rejection = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error) => error,
  )

test('a backbone of torchvision is loaded: its keys, without its classifier', async () => {
  const folder = temporary()
  const model = { backbone: 'mobilenet_v2', classes: 2, outputStride: 8, width: 0.25 } as const
  const { entries } = deepLabTesting().deepLabState(model)
  const tensors = entries
    .filter(({ key }) => key.startsWith('backbone.') && !key.endsWith('num_batches_tracked'))
    .map(({ key, shape }) => ({
      key: key.slice(9),
      shape,
      dtype: 'float32' as const,
      data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5),
    }))
  const extra = { key: 'classifier.1.bias', shape: [1], dtype: 'float32' as const, data: new Float32Array(1) }
  const file = join(folder, 'torchvision.safetensors')
  await binding().writeSafetensors(file, [...tensors, extra], {}, {})
  const still = { learningRate: 1e-12, learningRateFloor: 0, backboneLearningRate: 0, steps: 1, weightDecay: 0 }
  const options = tinyOptions(folder, packed(), { ...still, backboneWeights: [file] })
  await run(options)
  const { data } = await binding().readTensor([join(options.into, 'last.safetensors')], 'backbone.features.3.conv.0.0.weight', {})
  expect(new Set(data)).toEqual(new Set([0.5]))
  await binding().writeSafetensors(file, tensors.slice(1), {}, {})
  const error = await rejection(binding().trainSegmenter({ ...options, into: join(folder, 'other') }, () => {}, {}))
  expect(error).toHaveCode('ERR_WORDMASK_CHECKPOINT_KEYS', /features\.0\.0\.weight/)
})

test('the backbone of a network for other classes is taken, its head is not; one of another width is refused', async () => {
  const folder = temporary()
  const first = tinyOptions(join(folder, 'first'), packed(), { steps: 2 })
  await run(first)
  const whole = join(first.into, 'last.safetensors')
  const still = { learningRate: 1e-12, learningRateFloor: 0, backboneLearningRate: 0, steps: 1, weightDecay: 0 }
  const options = tinyOptions(join(folder, 'second'), packed(), { ...still, backboneWeights: [whole] })
  options.model = { ...options.model, classes: options.model.classes + 3 }
  await run(options)
  const read = async (into: string, key: string) =>
    (await binding().readTensor([join(into, 'last.safetensors')], key, {})).data as Float32Array
  const stem = 'backbone.features.0.0.weight'
  expect(await read(options.into, stem)).toEqual(await read(first.into, stem))
  const project = 'classifier.project.0.weight'
  expect(await read(options.into, project)).not.toEqual(await read(first.into, project))
  const wider = { ...options, into: join(folder, 'wider'), model: { ...options.model, width: 2 * options.model.width } }
  expect(await rejection(run(wider))).toHaveCode('ERR_WORDMASK_CHECKPOINT_KEYS', /wrong shape/)
})
