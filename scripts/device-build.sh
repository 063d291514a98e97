#!/usr/bin/env bash
# wordmask_check and libwordmask_cuda.so on a machine without Node: a Python torch 2.11.0 (or WORDMASK_LIBTORCH), cmake,
# g++ and, for CUDA, nvcc 13.0 (CUDACXX, PATH or /usr/local/cuda). Then it runs the kernel cases.
#   scripts/device-build.sh            builds into build/device and runs the cases on the CPU, and on CUDA where there is nvcc
#   scripts/device-build.sh --huge     also those of more than 2^31 items, on CUDA
set -euo pipefail
cd "$(dirname "$0")/.."

say() { echo "device-build: $*" >&2; }
case ${1:-} in '' | --huge) ;; *) say "expected --huge or nothing but received '$1'"; exit 2 ;; esac

torch=${WORDMASK_LIBTORCH:-$(python3 -c "import os, torch; print(os.path.dirname(torch.__file__))" 2>/dev/null || true)}
if [[ ! -e $torch/lib/libtorch_cpu.so ]]; then
  say "no LibTorch at '$torch'. Next: pip install torch==2.11.0, or set WORDMASK_LIBTORCH to a torch/ folder with include/ and lib/"
  exit 1
fi
nvcc=${CUDACXX:-$(command -v nvcc || true)}
if [[ -z $nvcc && -x /usr/local/cuda/bin/nvcc ]]; then nvcc=/usr/local/cuda/bin/nvcc; fi
generator=()
if command -v ninja >/dev/null; then generator=(-G Ninja); fi
targets=(wordmask_check)
if [[ -n $nvcc ]]; then targets+=(wordmask_cuda); fi
say "LibTorch at $torch, nvcc ${nvcc:-none: without CUDA}"

cmake -S . -B build/device "${generator[@]}" -DWORDMASK_NODE=OFF -DWORDMASK_LIBTORCH="$torch" -DWORDMASK_NVCC="$nvcc"
cmake --build build/device --target "${targets[@]}" --parallel "${JOBS:-$(nproc)}"

check=build/device/Release/core/wordmask_check
"$check" cases
if [[ -n $nvcc ]]; then
  "$check" cases --device cuda
  if [[ ${1:-} == --huge ]]; then "$check" cases --device cuda --huge yes; fi
fi
