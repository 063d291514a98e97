#pragma once
#include <sstream>
#include <stdexcept>
#include <string>

namespace wordmask {

// An error a caller can act on: `code` is stable (ERR_WORDMASK_...), the text says what was expected and what came.
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

template <class... Parts>
[[noreturn]] void fail(const char* code, const Parts&... parts) {
  std::ostringstream text;
  (text << ... << parts);
  throw Error(code, text.str());
}

// One list of codes for both languages: lib/errors.ts holds the same names.
namespace code {
inline constexpr char kInvalidArgument[] = "ERR_WORDMASK_INVALID_ARGUMENT";
inline constexpr char kFileNotFound[] = "ERR_WORDMASK_FILE_NOT_FOUND";
inline constexpr char kIo[] = "ERR_WORDMASK_IO";
inline constexpr char kCheckpoint[] = "ERR_WORDMASK_CHECKPOINT";  // damaged or truncated file
inline constexpr char kCheckpointForbidden[] =
    "ERR_WORDMASK_CHECKPOINT_FORBIDDEN";                                   // a pickle global off the allow-list
inline constexpr char kCheckpointKeys[] = "ERR_WORDMASK_CHECKPOINT_KEYS";  // missing, unexpected, wrong-shaped
inline constexpr char kVectors[] = "ERR_WORDMASK_VECTORS";                 // damaged or truncated vector file
inline constexpr char kVersion[] = "ERR_WORDMASK_VERSION";                 // file of a newer format
inline constexpr char kDevice[] = "ERR_WORDMASK_DEVICE";
inline constexpr char kDisposed[] = "ERR_WORDMASK_DISPOSED";
inline constexpr char kAborted[] = "ERR_WORDMASK_ABORTED";
inline constexpr char kMemory[] = "ERR_WORDMASK_MEMORY";
inline constexpr char kNativeLoad[] = "ERR_WORDMASK_NATIVE_LOAD";
inline constexpr char kInternal[] = "ERR_WORDMASK_INTERNAL";
}  // namespace code

}  // namespace wordmask

// WM_CHECK(condition, code::kInvalidArgument, "expected ... but received ", value)
#define WM_CHECK(condition, error_code, ...)                     \
  do {                                                           \
    if (!(condition)) ::wordmask::fail(error_code, __VA_ARGS__); \
  } while (false)
