#include "base/cancel.h"

namespace wordmask {

std::atomic<bool>& CancelToken::shutting_down() {
  static std::atomic<bool>* flag = new std::atomic<bool>(false);  // never destroyed: read by threads during exit
  return *flag;
}

}  // namespace wordmask
