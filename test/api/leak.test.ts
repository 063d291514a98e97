import { expect, test } from 'vitest'
import { runChild, withFolder } from '../helpers/native'

/** Resident memory in MB after warm-up and at the end. */
async function resident(name: string): Promise<{ before: number; after: number; peak: number }> {
  const ended = await withFolder((folder) => runChild('leak.cjs', [name, folder], { node: ['--expose-gc'] }))
  expect(ended, ended.stderr).toMatchObject({ code: 0 })
  return JSON.parse(ended.stdout)
}

test('1,000 encodes keep resident memory flat within 15 MB', async () => {
  const { before, after } = await resident('encode')
  expect(after - before).toBeLessThan(15)
})

test('50 rounds of load and dispose of 12 MB keep it flat within 30 MB', async () => {
  const { before, after } = await resident('load')
  expect(after - before).toBeLessThan(30)
})

test('40 handles of 12 MB that nobody disposes are collected as their weight presses, without gc() being called', async () => {
  const { before, peak } = await resident('forget')
  expect(peak - before).toBeLessThan(240)
})

test('1,000 aborted and 1,000 failed calls keep it flat within 15 MB', async () => {
  const { before, after } = await resident('fail')
  expect(after - before).toBeLessThan(15)
})
