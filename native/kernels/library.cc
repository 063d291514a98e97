#include <torch/library.h>

// The one definition of the namespace: a second copy of this library in a process is refused here, not half registered.
TORCH_LIBRARY(wordmask, m) {}
