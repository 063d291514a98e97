#pragma once

namespace wordmask {

// While one exists, this thread records a graph, which will read the same memory at every replay: a cache that may
// forget its entries must hand out none of them, but compute anew, so that what the graph reads is part of it.
class Recording {
 public:
  Recording();
  ~Recording();
  Recording(const Recording&) = delete;
  Recording& operator=(const Recording&) = delete;

  static bool now();
};

}  // namespace wordmask
