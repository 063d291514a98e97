// The package as it is built, through its public API, and what every program says about itself.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
export const { Clip, Segmenter, trainClip } = require('../../../dist/index.js')
export const { binding } = require('../../../dist/binding.js')

export function about() {
  const { torch, build, threads, cpuCapability } = binding().systemInfo()
  return { versions: { wordmask: build, LibTorch: torch, 'ATen code for': cpuCapability }, threads }
}
