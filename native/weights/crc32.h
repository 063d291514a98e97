#pragma once
#include "weights/mapped_file.h"

namespace wordmask::weights {

// CRC-32 as zip archives record it (reflected polynomial 0xEDB88320), eight bytes a step.
uint32_t crc32(Bytes bytes);

}  // namespace wordmask::weights
