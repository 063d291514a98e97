#pragma once
#include <algorithm>
#include <vector>

#include "base/error.h"
#include "models/config.h"

namespace wordmask::train {

// Token id -> row of the token table; ids without a row are ERR_WORDMASK_INVALID_ARGUMENT.
class Vocabulary {
 public:
  explicit Vocabulary(const models::TextConfig& text) : ids_(text.vocabulary), size_(text.vocab_size) {}
  int64_t row(int64_t id) const {
    if (ids_.empty()) {
      WM_CHECK(id >= 0 && id < size_, code::kInvalidArgument, "Expected token ids below ", size_, " but received ", id);
      return id;
    }
    const auto found = std::lower_bound(ids_.begin(), ids_.end(), id);
    WM_CHECK(found != ids_.end() && *found == id, code::kInvalidArgument, "Token ", id,
             " of a caption has no row in the model's vocabulary of ", ids_.size(), " ids");
    return found - ids_.begin();
  }

 private:
  std::vector<int64_t> ids_;
  int64_t size_;
};

}  // namespace wordmask::train
