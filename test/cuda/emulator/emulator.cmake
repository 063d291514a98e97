# libwordmask_cuda_emulated.so: the sources of libwordmask_cuda.so compiled by g++ against test/cuda/emulator. Opened
# after libwordmask_core.so it answers for CPU tensors: wordmask_check cases --kernels FILE.
file(GLOB emulated CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/native/kernels/*/*_cuda.cu
  ${CMAKE_SOURCE_DIR}/native/kernels/*/*_cuda.cc)
list(FILTER emulated EXCLUDE REGEX "/(devices|graph)/")  # nothing of theirs is a kernel
set(emulated_kernels ${emulated})
list(FILTER emulated_kernels INCLUDE REGEX "\\.cu$")
set_source_files_properties(${emulated_kernels} PROPERTIES LANGUAGE CXX
  COMPILE_OPTIONS "-x;c++;-Wno-unknown-pragmas;-fno-fast-math;-ffp-contract=off")
add_library(wordmask_cuda_emulated MODULE EXCLUDE_FROM_ALL ${emulated} ${WORDMASK_SHARED_WITH_CUDA}
  ${CMAKE_SOURCE_DIR}/test/cuda/emulator/emulator.cc ${CMAKE_SOURCE_DIR}/test/cuda/emulator/guarded_memory.cc)
target_include_directories(wordmask_cuda_emulated BEFORE PRIVATE ${CMAKE_SOURCE_DIR}/test/cuda/emulator)
target_include_directories(wordmask_cuda_emulated PRIVATE ${CMAKE_SOURCE_DIR}/native)
target_compile_options(wordmask_cuda_emulated PRIVATE ${WORDMASK_WARNINGS})
target_link_libraries(wordmask_cuda_emulated PRIVATE libtorch)
set_target_properties(wordmask_cuda_emulated PROPERTIES CXX_VISIBILITY_PRESET hidden)
