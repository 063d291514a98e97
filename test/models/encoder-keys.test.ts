import { describe, expect, test } from 'vitest'
import { listEncoderCards } from '../../lib/encoder/cards'
import { officialKeys } from '../helpers/encoders'
import { testing } from '../helpers/testing'

const cards = await listEncoderCards()
const numbers = (shape: number[]) => shape.reduce((product, size) => product * size, 1)

// Tensors and learned numbers of the towers, heads and counters left out. ViT-S/16: 21,665,664 are timm's without a head;
// DeiT's second token and its position are 768 more.
const published: Record<string, [tensors: number, parameters: number]> = {
  'deit-s-16-distilled': [151, 21_666_432],
  'dino-vit-s-16': [150, 21_665_664],
  'dino-vit-b-16': [150, 85_798_656],
  'dinov2-vit-s-14': [174, 22_056_576 - 384],
  'dinov2-vit-b-14': [174, 86_580_480 - 768],
  'dinov2-vit-s-14-reg': [175, 22_056_576 - 384 + 4 * 384],
  'dinov2-vit-b-14-reg': [175, 86_580_480 - 768 + 4 * 768],
  'resnet-50': [265, 23_508_032],
  'moco-v2-resnet-50': [265, 23_508_032],
}

test('every architecture has a card, a licence and a source', () => {
  expect(cards.map(({ name }) => name).sort()).toEqual(Object.keys(published).sort())
  for (const { licence, source, file } of cards) expect([licence, source, file].every((text) => text.length > 5)).toBe(true)
})

describe.each(cards)('$name', ({ name, config }) => {
  const state = () => testing().encoderState(config)

  test('registers the tensors of the published architecture', () => {
    const learned = state().filter(({ key }) => !key.includes('running_'))
    expect([state().length, learned.reduce((sum, { shape }) => sum + numbers(shape), 0)]).toEqual(published[name])
  })

  test.skipIf(name.endsWith('-reg'))('official keys and shapes: every one is ours, or is let be by name', () => {
    const official = officialKeys(name === 'moco-v2-resnet-50' ? 'resnet-50' : name)
    const ours = new Map(state().map(({ key, shape, sources }) => [key, { shape, sources }]))
    for (const [key, { shape, sources }] of ours) {
      expect(official.get(key), key).toEqual(shape)
      expect(sources).toEqual([config.prefix + key])
    }
    const rest = [...official.keys()].filter((key) => !ours.has(key))
    expect(rest.filter((key) => !testing().encoderIgnores(config, config.prefix + key))).toEqual([])
    expect(rest.every((key) => /^(head|head_dist|fc)\.|^mask_token$|num_batches_tracked$/.test(key))).toBe(true)
    expect(testing().encoderIgnores(config, `${config.prefix}blocks.12.norm1.weight`)).toBe(false)
  })
})

test("MoCo's queue and its encoder of keys are no part of the tower", () => {
  const { config } = cards.find(({ name }) => name === 'moco-v2-resnet-50')!
  for (const key of ['queue', 'queue_ptr', 'encoder_k.conv1.weight', 'encoder_q.fc.0.weight'])
    expect(testing().encoderIgnores(config, key)).toBe(true)
})
