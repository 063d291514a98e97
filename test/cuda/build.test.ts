import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { cudaTargets } from '../helpers/fatbin'
import { root, withLibrary } from './library'

describe('libwordmask_cuda.so, compiled without a GPU', () => {
  const library = withLibrary(beforeAll)

  test('holds machine code for sm_80 and sm_90a, and PTX of compute_90', ({ skip }) => {
    skip(!library.path, library.missing)
    const binary = readFileSync(library.path!)
    expect(cudaTargets(binary)).toEqual(['compute_90', 'sm_80', 'sm_90'])
    expect(binary.includes('sm_90a')).toBe(true)
  })

  test('is made of at most ten .cu files', () => {
    const kernels = readdirSync(join(root, 'native/kernels'), { recursive: true, encoding: 'utf8' })
    expect(kernels.filter((name) => name.endsWith('.cu')).length).toBeLessThanOrEqual(10)
  })
})
