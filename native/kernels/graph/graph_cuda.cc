// CUDA graphs (base/graph.h). It does what at::cuda::CUDAGraph does for work without random numbers; that class is part
// of libtorch_cuda.so, to which nothing of ours is linked. Not yet run on a GPU.
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>
#include <torch/library.h>

#include <atomic>
#include <map>
#include <mutex>

#include "base/error.h"
#include "base/graph.h"

namespace wordmask::kernels {

namespace {
namespace allocator = c10::cuda::CUDACachingAllocator;

// Runs before the recorded one, on the stream that records: libraries make their handles and workspaces for it then.
constexpr int kWarmUps = 2;

// Memory of LibTorch's allocator that nobody but one graph is given.
class PrivatePool {
 public:
  explicit PrivatePool(c10::DeviceIndex device) : device_(device) {}
  PrivatePool(const PrivatePool&) = delete;
  PrivatePool& operator=(const PrivatePool&) = delete;
  ~PrivatePool() {
    if (used_) allocator::releasePool(device_, id_);
  }

  // While it exists, what is allocated on the stream comes from the pool.
  class Use {
   public:
    Use(PrivatePool& pool, cudaStream_t stream) : pool_(pool) {
      allocator::beginAllocateToPool(pool.device_, pool.id_, [stream](cudaStream_t asked) { return asked == stream; });
      pool.used_ = true;
    }
    ~Use() { allocator::endAllocateToPool(pool_.device_, pool_.id_); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    PrivatePool& pool_;
  };

  int64_t bytes() const {
    int64_t sum = 0;
    for (const auto& segment : allocator::snapshot(id_, /*include_traces=*/false).segments)
      sum += static_cast<int64_t>(segment.total_size);
    return sum;
  }

 private:
  // LibTorch counts its own pools from 1.
  static c10::MempoolId_t next_id() {
    static std::atomic<c10::CaptureId_t> last{c10::CaptureId_t{1} << 40};
    return {0, ++last};
  }
  c10::DeviceIndex device_;
  c10::MempoolId_t id_ = next_id();
  bool used_ = false;
};

class CudaGraph final : public Graph {
 public:
  explicit CudaGraph(const at::Tensor& given)
      : home_(c10::cuda::getCurrentCUDAStream(given.device().index())), pool_(given.device().index()) {
    input = given.clone(at::MemoryFormat::Contiguous);
  }

  ~CudaGraph() override {
    const c10::cuda::CUDAGuard guard(home_.device());
    if (launches_ != nullptr) {
      C10_CUDA_CHECK_WARN(cudaStreamSynchronize(home_));  // the last replay has ended before its memory goes
      C10_CUDA_CHECK_WARN(cudaGraphExecDestroy(launches_));
    }
    output.reset();
  }

  void record(const GraphRecorder::Work& work, const c10::cuda::CUDAStream& side) {
    C10_CUDA_CHECK(cudaStreamSynchronize(home_));  // the input is there
    const c10::cuda::CUDAStreamGuard on(side);
    for (int i = 0; i < kWarmUps; ++i) work(input);
    C10_CUDA_CHECK(cudaStreamSynchronize(side));
    allocator::emptyCache();  // what the warm-ups and graphs that went have left: nobody else could use it
    const PrivatePool::Use from_now_on(pool_, side);
    cudaGraph_t recorded = capture(work, side);
    size_t nodes = 0;
    const auto counted = cudaGraphGetNodes(recorded, nullptr, &nodes);
    const auto made = cudaGraphInstantiateWithFlags(&launches_, recorded, cudaGraphInstantiateFlagAutoFreeOnLaunch);
    C10_CUDA_CHECK_WARN(cudaGraphDestroy(recorded));
    C10_CUDA_CHECK(counted);
    C10_CUDA_CHECK(made);
    WM_CHECK(nodes > 0, code::kInternal, "Expected kernels in a CUDA graph but none was recorded");
    bytes_ = pool_.bytes() + static_cast<int64_t>(input.nbytes());
  }

  void replay() override {
    const c10::cuda::CUDAGuard guard(home_.device());
    // Input and output are this stream's; work on another would race with them.
    WM_CHECK(c10::cuda::getCurrentCUDAStream() == home_, code::kInternal, "A CUDA graph of ", home_,
             " was replayed on ", c10::cuda::getCurrentCUDAStream());
    C10_CUDA_CHECK(cudaGraphLaunch(launches_, home_));
  }

  int64_t bytes() const override { return bytes_; }

 private:
  // The capture ends whatever becomes of the work. Other threads may go on with theirs (ThreadLocal): a training, say.
  cudaGraph_t capture(const GraphRecorder::Work& work, const c10::cuda::CUDAStream& side) {
    cudaGraph_t recorded = nullptr;
    C10_CUDA_CHECK(cudaStreamBeginCapture(side, cudaStreamCaptureModeThreadLocal));
    try {
      output = work(input).contiguous();
    } catch (...) {
      cudaStreamEndCapture(side, &recorded);
      if (recorded != nullptr) cudaGraphDestroy(recorded);
      cudaGetLastError();  // what has just been thrown
      throw;
    }
    C10_CUDA_CHECK(cudaStreamEndCapture(side, &recorded));
    return recorded;
  }

  c10::cuda::CUDAStream home_;  // current when it was recorded
  PrivatePool pool_;
  cudaGraphExec_t launches_ = nullptr;
  int64_t bytes_ = 0;
};

class CudaGraphRecorder final : public GraphRecorder {
 public:
  std::unique_ptr<Graph> record(const at::Tensor& input, const Work& work) override {
    WM_CHECK(input.is_cuda(), code::kDevice, "Expected input on a CUDA device for a graph but it is on ",
             input.device());
    const std::lock_guard lock(mutex_);
    const c10::cuda::CUDAGuard guard(input.device());
    auto graph = std::make_unique<CudaGraph>(input);
    graph->record(work, stream_of(input.device().index()));
    return graph;
  }

 private:
  // A stream of the device on which nothing else ever runs.
  c10::cuda::CUDAStream stream_of(c10::DeviceIndex device) {
    cudaStream_t& stream = streams_[device];
    if (stream == nullptr) C10_CUDA_CHECK(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    return c10::cuda::getStreamFromExternal(stream, device);
  }

  std::mutex mutex_;
  std::map<c10::DeviceIndex, cudaStream_t> streams_;
};

// The address of the one recorder, for base/cuda.h.
int64_t cuda_graph_recorder() {
  static CudaGraphRecorder recorder;
  return reinterpret_cast<int64_t>(static_cast<GraphRecorder*>(&recorder));
}
}  // namespace

TORCH_LIBRARY_FRAGMENT(wordmask, m) { m.def("cuda_graph_recorder() -> int", &cuda_graph_recorder); }

}  // namespace wordmask::kernels
