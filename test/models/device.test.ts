import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { addonEnvironment } from '../helpers/native'
import { maxDifference } from '../helpers/weights'

const helper = fileURLToPath(new URL('../helpers/native.cjs', import.meta.url))
const script = `
  const { open, tiny, picture, encode } = require(${JSON.stringify(helper)})
  const addon = open()
  addon.Clip.random(tiny, 3, { device: 'cpu', dtype: 'auto' }, {}).then(async (clip) => {
    const { data } = await clip.encodeImage([picture(40, 30)], encode, {})
    const { nativeBfloat16: native, fastBfloat16: fast } = addon.systemInfo()
    console.log(JSON.stringify({ native, fast, dtype: clip.info().dtype, data: [...data] }))
  })`

function answer(isa: string | undefined, capability?: string) {
  const env = { ...addonEnvironment(), ONEDNN_MAX_CPU_ISA: isa, ATEN_CPU_CAPABILITY: capability }
  if (isa === undefined) delete env.ONEDNN_MAX_CPU_ISA
  if (capability === undefined) delete env.ATEN_CPU_CAPABILITY
  return JSON.parse(execFileSync(process.execPath, ['-e', script], { env, encoding: 'utf8' })) as {
    native: boolean
    fast: boolean
    dtype: string
    data: number[]
  }
}

describe('ONEDNN_MAX_CPU_ISA', () => {
  test.each(['SSE41', 'AVX2', 'avx2', 'AVX512_CORE'])('%s: no native bfloat16, auto is float32', (isa) => {
    expect(answer(isa)).toMatchObject({ native: false, fast: false, dtype: 'float32' })
  })

  test.each(['DEFAULT', 'AVX512_CORE_AMX', 'no such thing'])('%s: what the processor has', (isa) => {
    const free = answer(undefined)
    expect(answer(isa)).toMatchObject({ native: free.native, fast: free.fast, dtype: free.fast ? 'bfloat16' : 'float32' })
  })

  test('the answers of AVX2 agree with those of this processor', () => {
    const [narrow, wide] = [answer('AVX2'), answer(undefined)]
    expect(maxDifference(narrow.data, wide.data)).toBeLessThan(wide.dtype === 'bfloat16' ? 0.05 : 1e-5)
  })
})

test("bfloat16 is fast where the processor has AMX for it or is not Intel's, as /proc/cpuinfo says", () => {
  const cpu = readFileSync('/proc/cpuinfo', 'utf8')
  const [intel, amx, bf16] = [/GenuineIntel/, /\bamx_bf16\b.*\bamx_tile\b/, /\bavx512_bf16\b/].map((word) => word.test(cpu))
  expect(answer(undefined)).toMatchObject({ native: bf16, fast: bf16 && (!intel || amx) })
  if (intel) expect(answer('AVX512_CORE_BF16')).toMatchObject({ native: bf16, fast: false })
})

describe("ATEN_CPU_CAPABILITY: narrower vectors of ATen's kernels and of ours", () => {
  test.each(['avx2', 'default'])('%s: the answers agree with those of this processor', (capability) => {
    const [narrow, wide] = [answer('AVX2', capability), answer('AVX2')]
    expect(maxDifference(narrow.data, wide.data)).toBeLessThan(1e-5)
  })
})
