import { expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { Clip } from '../../lib/clip/clip'
import { compute, tiny } from '../helpers/native'
import { randomTensor } from '../helpers/testing'
import { load, randomWeights, type Weight, writeWeights } from '../helpers/weights'

const wrapped = (weights: Iterable<Weight>) => [...weights].map((weight) => ({ ...weight, key: `module.${weight.key}` }))
const pixels = randomTensor([2, 3, 32, 32], 3)
const encode = (clip: Awaited<ReturnType<typeof load>>) => clip.encodePixels(pixels, { normalize: true }, {})

test('a checkpoint saved from inside DistributedDataParallel loads as the model itself, in one file and in two shards', async () => {
  const weights = await randomWeights(tiny, 5)
  const expected = await encode(await load(tiny, weights.values()))
  const all = wrapped(weights.values())
  const shards = [await writeWeights(all.slice(0, 9)), await writeWeights(all.slice(9))]
  for (const files of [[await writeWeights(all)], shards]) {
    expect((await binding().readCheckpoint(files, {})).tensors.map(({ key }) => key).sort()).toEqual([...weights.keys()].sort())
    expect(await encode(await binding().Clip.load(tiny, files, compute, {}))).toEqual(expected)
  }
  const scale = await binding().readTensor([await writeWeights(all)], 'logit_scale', {})
  expect(scale.data).toEqual(weights.get('logit_scale')?.data)
})

test('Clip.load tells its architecture as from the plain keys', async () => {
  const weights = await randomWeights(tiny, 5)
  const options = { device: 'cpu', activation: 'gelu' } as const
  const [plain, inside] = await Promise.all([weights.values(), wrapped(weights.values())].map((all) => writeWeights(all)))
  const [a, b] = [await Clip.load(plain!, options), await Clip.load(inside!, options)]
  expect(b.source.config).toEqual(a.source.config)
})

test('where one key lacks the prefix, all keys stay as they are', async () => {
  const keys = ['module.weight', 'step']
  const file = await writeWeights(keys.map((key) => ({ key, data: Float32Array.of(1), shape: [1] })))
  expect((await binding().readCheckpoint([file], {})).tensors.map(({ key }) => key).sort()).toEqual(keys)
  expect((await binding().readTensor([file], 'module.weight', {})).shape).toEqual([1])
})

test('a key that is not there is named as the file has it', async () => {
  const file = await writeWeights([{ key: 'module.weight', data: Float32Array.of(1), shape: [1] }])
  const error = await binding()
    .readTensor([file], 'bias', {})
    .catch((reason) => reason)
  expect(error).toHaveCode('ERR_WORDMASK_CHECKPOINT_KEYS', /'module\.bias'/)
})
