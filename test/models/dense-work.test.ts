import { readFileSync } from 'node:fs'
import { beforeAll, expect, test } from 'vitest'
import type { ClipConfig } from '../../binding'
import { binding } from '../../lib/binding'
import { tiny } from '../helpers/native'
import { testing } from '../helpers/testing'

beforeAll(() => binding().setThreads(1))

const card = new URL('../../models/cards/clip-vit-b-16.json', import.meta.url)
const b16: ClipConfig = JSON.parse(readFileSync(card, 'utf8')).config

/** What has to be multiplied: patches p and the class token, in blocks 1 .. L-1; in the last one the patches alone. */
function needed({ embedDim, vision, dense }: ClipConfig, n: number, height: number, width: number): number {
  if (vision.kind !== 'vit') throw new Error('a ViT')
  const { patchSize, width: w, layers, mlpWidth } = vision
  const p = Math.ceil(height / patchSize) * Math.ceil(width / patchSize)
  const t = p + 1
  const embedding = p * 3 * patchSize ** 2 * w
  const mlp = 2 * w * mlpWidth
  const block = t * (4 * w * w + mlp) + 2 * t * t * w
  const value = 2 * w * w
  return n * (embedding + (layers - 1) * block + p * (value + (dense === 'residual' ? mlp : 0)) + p * w * embedDim)
}

const sum = (counts: Record<string, number>) => Object.values(counts).reduce((a, b) => a + b, 0)

test.each([
  ['value', 1, 32, 32],
  ['residual', 1, 32, 32],
  ['value', 3, 40, 17],
  ['residual', 3, 40, 17],
] as const)('dense %s of %i pictures of %i x %i: no query, key, attention, class token or MLP that nobody asks for', (dense, n, h, w) => {
  const config = { ...tiny, dense }
  const counts = testing().multiplyAdds(config, n, h, w)
  expect(Object.keys(counts).filter((name) => name.startsWith('not counted'))).toEqual([])
  expect(sum(counts)).toBe(needed(config, n, h, w))
})

test('ViT-B/16 at 512 x 512: 99.8 billion multiply-adds by values, 104.6 with the residual, where a whole tower takes 107.4', () => {
  const config: ClipConfig = { ...b16, text: { ...b16.text, vocabSize: 100, layers: 1 } }
  const billions = (['value', 'residual'] as const).map((dense) => {
    const counted = sum(testing().multiplyAdds({ ...config, dense }, 1, 512, 512))
    expect(counted).toBe(needed({ ...config, dense }, 1, 512, 512))
    return Math.round(counted / 1e8) / 10
  })
  expect(billions).toEqual([99.8, 104.6])
}, 300_000)
