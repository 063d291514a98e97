#pragma once
#include <string>
#include <vector>

namespace wordmask {

struct GraphRecorder;

// CUDA comes from libraries that whoever starts the process opens before its first ATen call (LibTorch remembers for
// good that there was none): lib/cuda.ts, and open_cuda of wordmask_check. They say here how it went: empty when all
// were opened, else why not. Until then: "the CUDA libraries were not opened".
void set_cuda_reason(const std::string& reason);

// Why device 'cuda' cannot be had; empty when it can.
std::string cuda_reason();

// 0 where it cannot be had.
int cuda_devices();

// Whether libwordmask_cuda.so is in this process.
bool cuda_opened();

// "NVIDIA H100 80GB HBM3 (79.2 GiB, compute 9.0)" a device.
std::vector<std::string> cuda_device_names();

// What records CUDA graphs (base/graph.h); nullptr without libwordmask_cuda.so and where WORDMASK_CUDA_GRAPHS is 0.
GraphRecorder* cuda_graph_recorder();

}  // namespace wordmask
