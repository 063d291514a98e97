import { expect, test } from 'vitest'
import { runChild, withFolder } from '../helpers/native'

test('1,000 names at 1024x1024, seen at that size by a ViT-B/16: less than 1 GB above the loaded model', async () => {
  const ended = await withFolder((folder) => runChild('memory.cjs', [folder], { node: ['--expose-gc'] }))
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  const { loaded, above, pixels, size } = JSON.parse(ended.stdout)
  console.log(`${(above / 2 ** 20).toFixed(0)} MiB above ${(loaded / 2 ** 20).toFixed(0)} MiB, ${ended.seconds.toFixed(0)} s`)
  expect(pixels).toBe(1024 * 1024)
  expect(size).toEqual({ width: 1024, height: 1024 })
  expect(above).toBeLessThan(1e9)
}, 300_000)
