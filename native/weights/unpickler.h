#pragma once
#include "weights/byte_cursor.h"
#include "weights/pickle_value.h"

namespace wordmask::weights {

// Reads one pickle (protocols 0 to 5) from the cursor, which is left behind its STOP. Only data is built: globals are
// looked up in pickle_globals.h by name, a name off that list is ERR_WORDMASK_CHECKPOINT_FORBIDDEN, and nothing is
// called. Malformed or truncated input, out-of-band buffers and extension codes are ERR_WORDMASK_CHECKPOINT.
const Value* unpickle(PickleTree& tree, ByteCursor& in);

}  // namespace wordmask::weights
