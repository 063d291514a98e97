import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { binding } from '../../lib/binding'
import { networkKey } from '../../lib/deeplab/saved'
import { trainSegmenter } from '../../lib/index'
import { inherited, licencesOf } from '../../lib/specialist/training'
import { weightsLicence } from '../../lib/train/segmenter/licence'
import { labelledFolder, sceneClasses, scenes, temporary } from './segmenter-tiny'

const data = await labelledFolder(await scenes(2, 48))
const quick = { classes: sceneClasses, size: 48, width: 0.25, batchSize: 2, workers: 1, samples: 0, steps: 1 }
const clip = { info: { name: 'scenes', licence: 'MIT' } } as never

async function train(more: { licence?: string; initial?: string; backboneWeights?: string } = {}) {
  const into = join(temporary(), 'run')
  await trainSegmenter({ ...quick, ...data, ...more, into })
  return { into, licence: JSON.parse(readFileSync(join(into, 'wordmask.json'), 'utf8')).network.licence }
}

/** A file of weights with these metadata. */
async function weights(metadata: Record<string, string>): Promise<string> {
  const file = join(temporary(), 'weights.safetensors')
  await binding().writeSafetensors(file, [{ key: 'a', data: new Float32Array(1), shape: [1], dtype: 'float32' }], metadata, {})
  return file
}

test('a network says what it follows from: the data, and the weights that it started from, its own kind too', async () => {
  const [plain, given] = [await train(), await train({ licence: 'CC0-1.0' })]
  expect([plain.licence, given.licence]).toEqual(['follows from the training data alone', 'CC0-1.0'])
  const [from, on] = [await train({ initial: plain.into }), await train({ backboneWeights: given.into })]
  expect(from.licence).toBe('follows from the training data and from the first weights (follows from the training data alone)')
  expect(on.licence).toBe('follows from the training data and from the first weights (CC0-1.0)')
})

test('the card of a specialist has the licence of first weights that we made, and says so where there is none', async () => {
  const { into } = await train()
  const [clips, first] = await licencesOf(clip, undefined, into, undefined)
  expect([clips!.licence, first!.licence]).toEqual(['MIT', 'follows from the training data alone'])
  expect(inherited(await licencesOf(clip, undefined, undefined, undefined))).toBe('follows from MIT')
  const strange = await licencesOf(clip, undefined, await weights({}), undefined)
  expect(inherited(strange)).toBe('follows from MIT; not recorded: ask who made them')
})

test.each([
  [{}, 'not recorded: ask who made them'],
  [{ licence: 'BSD-3-Clause' }, 'BSD-3-Clause'],
  [{ licence: 'not recorded', [networkKey]: '{"origin":{"kind":"random"}}' }, 'follows from the training data alone'],
  [{ licence: 'not recorded', [networkKey]: '{"origin":{"kind":"backbone"}}' }, 'not recorded: ask who made them'],
  [{ licence: 'not recorded', [networkKey]: '{' }, 'not recorded: ask who made them'],
])('weights with the metadata %j: %s', async (metadata, licence) => {
  expect(await weightsLicence(await weights(metadata), undefined)).toBe(licence)
})
