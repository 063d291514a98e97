#include "base/recording.h"

namespace wordmask {

namespace {
thread_local int depth = 0;
}  // namespace

Recording::Recording() { ++depth; }
Recording::~Recording() { --depth; }
bool Recording::now() { return depth > 0; }

}  // namespace wordmask
