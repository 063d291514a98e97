import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { CrfRefinement, PamrRefinement } from '../../binding'
import { goldenFile, goldenTensor } from '../helpers/golden'
import { testing } from '../helpers/testing'
import { agreement, crf, largestDifference, pamr } from './cases'

interface Case {
  crf: CrfRefinement
  pamr: PamrRefinement
}
const { cases } = JSON.parse(readFileSync(goldenFile('refine.json'), 'utf8')) as { cases: Record<string, Case> }

/** What test/parity/refine.py wrote. */
async function read(name: string) {
  const [image, probabilities, byCrf, byPamr] = await Promise.all(
    ['image', 'probabilities', 'crf', 'pamr'].map((key) => goldenTensor('refine', `${name}.${key}`)),
  )
  return { rgb: Uint8Array.from(image!.data), probabilities: probabilities!, crf: byCrf!.data, pamr: byPamr!.data }
}

describe.each(Object.entries(cases))('%s', (name, options) => {
  test('the dense CRF gives the Q of pydensecrf2, and its labels everywhere', async () => {
    const { rgb, probabilities, crf: expected } = await read(name)
    const { values } = testing().refineVolume(probabilities, rgb, { ...crf, ...options.crf })
    expect(largestDifference(values, expected)).toBeLessThan(2e-4)
    expect(agreement(values, expected, probabilities.shape[2]!)).toBe(1)
    // It is not that nothing happened.
    expect(largestDifference(values, probabilities.data)).toBeGreaterThan(0.005)
  })

  test('PAMR gives what its formula in PyTorch gives', async () => {
    const { rgb, probabilities, pamr: expected } = await read(name)
    const { values } = testing().refineVolume(probabilities, rgb, { ...pamr, ...options.pamr })
    expect(largestDifference(values, expected)).toBeLessThan(1e-5)
    expect(largestDifference(values, probabilities.data)).toBeGreaterThan(0.005)
  })
})
