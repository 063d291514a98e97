#pragma once
#include "weights/byte_cursor.h"
#include "weights/pickle_value.h"

namespace wordmask::weights {

// The opcodes that push one constant, number or text: the value, or null when `opcode` is none of them.
Value* read_scalar(uint8_t opcode, PickleTree& tree, ByteCursor& in);

// A decimal number in a line of a protocol-0 pickle.
int64_t parse_whole(std::string_view line, const std::string& path);

}  // namespace wordmask::weights
