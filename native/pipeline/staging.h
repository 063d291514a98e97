#pragma once
#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>

#include <array>
#include <memory>

namespace wordmask::pipeline {

// Copies between the host and one device, which run beside the device's work, one after the other.
struct Copies {
  struct Copy {
    virtual ~Copy() = default;
    virtual void wait() = 0;  // until the copy is done; the host may then change what it read, or read what it wrote
  };
  struct Sent {
    at::Tensor there;
    std::shared_ptr<Copy> copy;
  };
  virtual ~Copies() = default;
  virtual at::Tensor page_locked(int64_t bytes) = 0;  // uint8 [bytes] on the host
  // Starts. Work that is given to the device from here on waits for it.
  virtual Sent up(const at::Tensor& buffer) = 0;
  // Starts once the work that the device has been given so far is done.
  virtual std::shared_ptr<Copy> down(const at::Tensor& buffer, const at::Tensor& there) = 0;
};

// On a stream of its own.
std::unique_ptr<Copies> device_copies(c10::Device device);

// A result that may still be on its way.
class Download {
 public:
  Download(at::Tensor buffer, std::shared_ptr<Copies::Copy> copy)
      : buffer_(std::move(buffer)), copy_(std::move(copy)) {}
  at::Tensor take();  // waits for it; memory of its own
  void settle();      // waits and moves it out of the buffer, which is free from here on

 private:
  at::Tensor buffer_, own_;
  std::shared_ptr<Copies::Copy> copy_;  // empty once settled
};

// A page-locked buffer, as large as the largest that it has held.
class StagingBuffer {
 public:
  // Room shaped as `like`, once the last copy is done with the buffer and its result is out of it.
  at::Tensor room(Copies& copies, const at::Tensor& like);
  void taken_by(std::shared_ptr<Copies::Copy> copy, const std::shared_ptr<Download>& download = nullptr);

 private:
  at::Tensor memory_;
  std::shared_ptr<Copies::Copy> copy_;
  std::weak_ptr<Download> download_;
};

// Batches to the device and results back through two buffers each, in turn, so that one is filled while the copy of the
// other is under way. One thread at a time; tensors of any strides, results contiguous.
class Staging {
 public:
  Staging(std::unique_ptr<Copies> up, std::unique_ptr<Copies> down) : up_(std::move(up)), down_(std::move(down)) {}
  at::Tensor up(const at::Tensor& host);
  std::shared_ptr<Download> down(const at::Tensor& there);

 private:
  std::unique_ptr<Copies> up_, down_;
  std::array<StagingBuffer, 2> out_, back_;
  size_t sent_ = 0, fetched_ = 0;
};

}  // namespace wordmask::pipeline
