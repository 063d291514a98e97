/** What `wordmask setup` fetches. The sha256 of a wheel differs by Python version, hence the pin to 3.12. */
export const LIBTORCH_VERSION = '2.11.0'

export interface PinnedWheel {
  requirement: string
  /** Start of the wheel's file name. */
  file: string
  sha256: string
  megabytes: number
}

export const TORCH_WHEEL: PinnedWheel = {
  requirement: 'torch==2.11.0',
  file: 'torch-2.11.0-cp312-cp312-',
  sha256: '0f68f4ac6d95d12e896c3b7a912b5871619542ec54d3649cf48cc1edd4dd2756',
  megabytes: 531,
}

/** libtorch_cpu.so of the CUDA wheel needs these two at load; its RPATH looks in nvidia/cu13/lib beside torch/. */
export const RUNTIME_WHEELS: PinnedWheel[] = [
  {
    requirement: 'nvidia-cuda-runtime==13.0.96',
    file: 'nvidia_cuda_runtime-13.0.96-',
    sha256: '7f82250d7782aa23b6cfe765ecc7db554bd3c2870c43f3d1821f1d18aebf0548',
    megabytes: 3,
  },
  {
    requirement: 'nvidia-cuda-cupti==13.0.85',
    file: 'nvidia_cuda_cupti-13.0.85-',
    sha256: '4eb01c08e859bf924d222250d2e8f8b8ff6d3db4721288cf35d14252a4d933c8',
    megabytes: 11,
  },
]

/** LibTorch's wheel is built with this CUDA. */
export const CUDA_VERSION = '13.0'

/** A working nvcc where no toolkit is installed; only a build of CUDA code fetches it. */
export const NVCC_WHEELS: PinnedWheel[] = [
  {
    requirement: 'nvidia-cuda-nvcc==13.0.88',
    file: 'nvidia_cuda_nvcc-13.0.88-',
    sha256: '56fe502eb77625a12f25172caa3cdddb4e4c8ba2c8c17dba44b164761b380f03',
    megabytes: 37,
  },
  {
    requirement: 'nvidia-nvvm==13.0.88',
    file: 'nvidia_nvvm-13.0.88-',
    sha256: 'c5f41ffeb6466944a026dfa5317d7d85355c119bbec279205d22f1869d1054e0',
    megabytes: 62,
  },
  {
    requirement: 'nvidia-cuda-crt==13.0.88',
    file: 'nvidia_cuda_crt-13.0.88-',
    sha256: '2c8043c7c9e02492716426e9919fc78d2c5b3b2a7a768a88e952676b08aa55a4',
    megabytes: 1,
  },
  RUNTIME_WHEELS[0] as PinnedWheel,
  {
    requirement: 'nvidia-cuda-cccl==13.0.85',
    file: 'nvidia_cuda_cccl-13.0.85-',
    sha256: 'e0da7ad981f3a8aff08241b5bfc1af868742a63e2762f53a5171c492ef242649',
    megabytes: 3,
  },
]

/** pip takes --platform at its word: every older glibc is named too, since wheels carry the oldest they run on. */
const PLATFORMS = [...Array.from({ length: 24 }, (_, i) => `manylinux_2_${28 - i}_x86_64`), 'manylinux2014_x86_64']

export const PIP_TARGET = [
  '--only-binary=:all:',
  '--implementation=cp',
  '--python-version=3.12',
  ...PLATFORMS.map((platform) => `--platform=${platform}`),
]

/** About what `--cuda` fetches more. */
export const CUDA_BYTES = 2.7e9

/** Free space a setup needs: the wheel, pip's temporary copy of it or what is unpacked, and pip's cache. */
export const SPACE = { cpu: 1.7e9, cuda: 9e9 }
