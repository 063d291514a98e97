import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { exportModel } from '../../lib/onnx/export'
import { temporaryFolder } from '../api/tiny-clip'
import { longestSilence } from '../helpers/silence'
import type { Weights } from './reference'
import { saveNetwork } from './saved'

const folder = await temporaryFolder()

/** A ResNet-50 of full width, all zeros: the ResNet-101 of the fixture without the blocks that it has beyond. */
function resnet50(): Weights {
  const text = readFileSync(new URL('../fixtures/golden/deeplab-keys.json', import.meta.url), 'utf8')
  const shapes = Object.entries(JSON.parse(text)['resnet101-27'] as Record<string, number[]>)
  const beyond = ([key]: [string, unknown]) => Number(/layer3\.(\d+)\./.exec(key)?.[1] ?? 0) >= 6 || key.endsWith('num_batches_tracked')
  return new Map(
    shapes
      .filter((entry) => !beyond(entry))
      .map(([key, shape]) => [key, { data: new Float32Array(shape.reduce((a, b) => a * b, 1)), shape }]),
  )
}

test('a large network: the event loop is never silent for 200 ms, also with fp16 and a page', async () => {
  const classes = Array.from({ length: 26 }, (_, i) => ({ name: `class ${i}` }))
  const saved = await saveNetwork(join(folder, 'large'), resnet50(), { classes })
  let bytes = 0
  const whole = await longestSilence(async () => {
    bytes = (await exportModel(saved, { format: 'onnx', into: join(folder, 'whole.onnx') })).bytes
  })
  expect(bytes).toBeGreaterThan(100e6)
  expect(whole.longest).toBeLessThan(200)
  const half = await longestSilence(() =>
    exportModel(saved, { format: 'onnx', into: join(folder, 'half.onnx'), fp16: true, page: join(folder, 'half.html') }),
  )
  expect(half.longest).toBeLessThan(200)
  expect([whole.turns, half.turns].every((turns) => turns > 10)).toBe(true)
})
