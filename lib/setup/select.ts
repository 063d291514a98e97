import { posix } from 'node:path'

// libc10_cuda.so (0.6 MB) is what CUDA code is linked to, also where it cannot run.
const CPU_LIBRARY = /^lib(c10|c10_cuda|torch|torch_cpu|torch_global_deps|gomp[^/]*)\.so/
const CUDA_LIBRARY = /^lib(torch_cuda|torch_cuda_linalg|torch_nvshmem|caffe2_nvrtc)\.so/

/**
 * What is unpacked of a torch wheel (`torch/...`) or of LibTorch's own zip (`libtorch/...`): headers, CMake files, the
 * shared libraries, the version and the licences. Python, test programs and static libraries stay out.
 */
export function selectTorch(cuda: boolean): (name: string) => string | undefined {
  return (name) => {
    if (/^torch-[^/]+\.dist-info\/(METADATA|licenses\/|LICENSE|NOTICE)/.test(name)) return name
    const [top, folder] = name.split('/')
    if (top !== 'torch' && top !== 'libtorch') return undefined
    const inside = name.slice(`${top}/`.length)
    const base = posix.basename(name)
    const wanted =
      folder === 'include' ||
      folder === 'share' ||
      inside === 'version.py' ||
      inside === 'build-version' ||
      (folder === 'lib' &&
        inside === `lib/${base}` &&
        (CPU_LIBRARY.test(base) || (cuda && CUDA_LIBRARY.test(base)) || isBundled(top, base)))
    return wanted ? `torch/${inside}` : undefined
  }
}

/** LibTorch's own zips carry the libraries they depend on, some with a digest in the name. */
function isBundled(top: string, base: string): boolean {
  return top === 'libtorch' && base.includes('.so') && !/^lib(torch_python|shm|c10_cuda|torch_cuda)/.test(base)
}

/** Of an nvidia wheel: its shared libraries and licences; for the CPU only the two that libtorch_cpu.so names. */
export function selectNvidia(cuda: boolean): (name: string) => string | undefined {
  return (name) => {
    if (/^[^/]+\.dist-info\/(licenses\/|License|LICENSE|NOTICE)/.test(name)) return name
    if (!name.startsWith('nvidia/') || !/\.so(\.\d+)*$/.test(name)) return undefined
    return cuda || /\/lib(cudart|cupti)\.so/.test(name) ? name : undefined
  }
}
