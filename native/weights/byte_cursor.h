#pragma once
#include <bit>
#include <cstring>
#include <string>
#include <string_view>

#include "base/error.h"
#include "weights/mapped_file.h"

namespace wordmask::weights {

// Reads little-endian fields of a file; running past its end is ERR_WORDMASK_CHECKPOINT.
class ByteCursor {
 public:
  ByteCursor(Bytes bytes, std::string path, size_t position = 0)
      : bytes_(bytes), path_(std::move(path)), position_(position) {}

  const std::string& path() const { return path_; }
  size_t position() const { return position_; }

  template <class Number>
  Number read() {
    static_assert(std::endian::native == std::endian::little);
    Number value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }

  std::string_view take(uint64_t count) {
    WM_CHECK(count <= bytes_.size() - position_, code::kCheckpoint, path_, " ends at byte ", bytes_.size(), " but ",
             count, " bytes are expected at ", position_, ": truncated or damaged");
    const std::string_view text(reinterpret_cast<const char*>(bytes_.data()) + position_, count);
    position_ += count;
    return text;
  }

  // Up to the next newline, which is consumed and not returned.
  std::string_view line() {
    const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + position_, bytes_.size() - position_);
    const size_t end = rest.find('\n');
    WM_CHECK(end != std::string_view::npos, code::kCheckpoint, path_,
             " ends inside a text opcode: truncated or damaged");
    position_ += end + 1;
    return rest.substr(0, end);
  }

 private:
  Bytes bytes_;
  std::string path_;
  size_t position_;
};

}  // namespace wordmask::weights
