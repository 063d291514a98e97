#include "pipeline/staging.h"

namespace wordmask::pipeline {

void Download::settle() {
  if (!copy_) return;
  copy_->wait();
  own_ = buffer_.clone();
  buffer_.reset();
  copy_.reset();
}

at::Tensor Download::take() {
  settle();
  return own_;
}

at::Tensor StagingBuffer::room(Copies& copies, const at::Tensor& like) {
  if (const auto download = download_.lock()) download->settle();
  download_.reset();
  if (copy_) copy_->wait();  // also one whose result nobody wants any more
  copy_.reset();
  const auto bytes = static_cast<int64_t>(like.nbytes());
  if (!memory_.defined() || memory_.numel() < bytes) memory_ = copies.page_locked(bytes);
  return memory_.narrow(0, 0, bytes).view(like.scalar_type()).view(like.sizes());
}

void StagingBuffer::taken_by(std::shared_ptr<Copies::Copy> copy, const std::shared_ptr<Download>& download) {
  copy_ = std::move(copy);
  download_ = download;
}

at::Tensor Staging::up(const at::Tensor& host) {
  auto& buffer = out_[sent_++ % out_.size()];
  const auto room = buffer.room(*up_, host);
  room.copy_(host);
  auto [there, copy] = up_->up(room);
  buffer.taken_by(std::move(copy));
  return there;
}

std::shared_ptr<Download> Staging::down(const at::Tensor& there) {
  auto& buffer = back_[fetched_++ % back_.size()];
  const auto contiguous = there.contiguous();
  const auto room = buffer.room(*down_, contiguous);
  auto copy = down_->down(room, contiguous);
  auto download = std::make_shared<Download>(room, copy);
  buffer.taken_by(std::move(copy), download);
  return download;
}

}  // namespace wordmask::pipeline
