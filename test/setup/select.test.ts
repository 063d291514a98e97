import { describe, expect, test } from 'vitest'
import { selectNvidia, selectTorch } from '../../lib/setup/select'
import { cudaRequirements } from '../../lib/setup/source'

describe('what is unpacked', () => {
  test.each([
    ['torch/lib/libtorch_cpu.so', true, true],
    ['torch/lib/libgomp.so.1', true, true],
    ['torch/lib/libtorch_cuda.so', false, true],
    ['torch/lib/libc10_cuda.so', true, true],
    ['torch/lib/libtorch_python.so', false, false],
    ['torch/lib/libshm/err.h', false, false],
    ['torch/include/ATen/ATen.h', true, true],
    ['torch/version.py', true, true],
    ['torch/nn/modules/linear.py', false, false],
    ['torchgen/gen.py', false, false],
    ['torch-2.11.0.dist-info/METADATA', true, true],
    ['libtorch/lib/libgomp-24e2ab19.so.1', true, true],
    ['libtorch/lib/libdnnl.a', false, false],
  ])('%s: CPU %s, CUDA %s', (name, cpu, cuda) => {
    const target = name.replace(/^libtorch\//, 'torch/')
    expect(selectTorch(false)(name)).toBe(cpu ? target : undefined)
    expect(selectTorch(true)(name)).toBe(cuda ? target : undefined)
  })

  test('of the nvidia wheels the CPU takes two libraries, CUDA all shared ones', () => {
    const names = [
      'nvidia/cu13/lib/libcudart.so.13',
      'nvidia/cu13/lib/libcupti.so.13',
      'nvidia/cu13/lib/libnvperf_host.so',
      'nvidia/cu13/lib/libcudadevrt.a',
    ]
    expect(names.filter(selectNvidia(false))).toEqual(names.slice(0, 2))
    expect(names.filter(selectNvidia(true))).toEqual(names.slice(0, 3))
  })

  test('what CUDA needs is read from the METADATA of the wheel', () => {
    const metadata = [
      'Requires-Dist: filelock',
      'Requires-Dist: cuda-toolkit[cublas,cudart]==13.0.2; platform_system == "Linux"',
      'Requires-Dist: nvidia-cudnn-cu13==9.19.0.56; platform_system == "Linux"',
      'Requires-Dist: nvidia-nccl-cu13==2.28.9',
      'Requires-Dist: triton==3.6.0; platform_system == "Linux"',
    ].join('\n')
    expect(cudaRequirements(metadata)).toEqual([
      'cuda-toolkit[cublas,cudart]==13.0.2',
      'nvidia-cudnn-cu13==9.19.0.56',
      'nvidia-nccl-cu13==2.28.9',
    ])
  })
})
