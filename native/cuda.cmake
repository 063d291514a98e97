# libwordmask_cuda.so: a library of its own, so that a machine without CUDA opens none of it. Needs WORDMASK_NVCC, the
# nvcc of CUDA 13, and a LibTorch that holds libc10_cuda.so. A kernel (<op>_cuda.cu) knows no Torch, which makes it
# compile in two seconds instead of twenty; <op>_cuda.cc registers it.
get_filename_component(nvcc "${WORDMASK_NVCC}" REALPATH)
get_filename_component(toolkit "${nvcc}" DIRECTORY)
get_filename_component(toolkit "${toolkit}" DIRECTORY)
find_file(WORDMASK_CUDART libcudart.so.13 NO_DEFAULT_PATH
  PATHS ${WORDMASK_LIBTORCH}/../nvidia/cu13/lib ${toolkit}/lib64 ${toolkit}/lib ${toolkit}/targets/x86_64-linux/lib)
foreach(file ${WORDMASK_CUDART} ${WORDMASK_LIBTORCH}/lib/libc10_cuda.so ${toolkit}/include/cuda_runtime_api.h)
  if(NOT EXISTS ${file})
    message(FATAL_ERROR "CUDA code needs ${file}, which is not there (nvcc: ${nvcc}). Next: npm run build -- --cuda")
  endif()
endforeach()

# Not CMake's own CUDA language: it begins by linking a program, and the compiler of the wheels has no lib64 to link to.
set(nvcc_flags -std=c++20 -O3 -Xcompiler=-fPIC,-Wall,-Wextra -ccbin ${CMAKE_CXX_COMPILER} -I${CMAKE_SOURCE_DIR}/native
  -gencode=arch=compute_80,code=sm_80 -gencode=arch=compute_90a,code=sm_90a -gencode=arch=compute_90,code=compute_90)
file(GLOB kernels CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/native/kernels/*/*_cuda.cu)
set(objects)
foreach(kernel ${kernels})
  get_filename_component(name ${kernel} NAME_WE)
  set(object ${CMAKE_BINARY_DIR}/cuda/${name}.o)
  add_custom_command(OUTPUT ${object} DEPENDS ${kernel} DEPFILE ${object}.d VERBATIM
    COMMENT "nvcc ${name}.cu"
    COMMAND ${CMAKE_COMMAND} -E make_directory ${CMAKE_BINARY_DIR}/cuda
    COMMAND ${CCACHE} ${nvcc} ${nvcc_flags} -MD -MF ${object}.d -MT ${object} -c ${kernel} -o ${object})
  list(APPEND objects ${object})
endforeach()

file(GLOB registrations CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/native/kernels/*/*_cuda.cc)
add_library(wordmask_cuda SHARED ${registrations} ${objects} ${WORDMASK_SHARED_WITH_CUDA})
set_target_properties(wordmask_cuda PROPERTIES CXX_VISIBILITY_PRESET hidden)
target_include_directories(wordmask_cuda PRIVATE ${CMAKE_SOURCE_DIR}/native)
target_include_directories(wordmask_cuda SYSTEM PRIVATE ${toolkit}/include)
target_compile_options(wordmask_cuda PRIVATE ${WORDMASK_WARNINGS})
target_link_libraries(wordmask_cuda PRIVATE libtorch ${WORDMASK_LIBTORCH}/lib/libc10_cuda.so ${WORDMASK_CUDART})
target_link_options(wordmask_cuda PRIVATE -Wl,--no-undefined)
