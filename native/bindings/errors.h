#pragma once
#include <napi.h>

#include <exception>
#include <string>

namespace wordmask::bindings {

// What crosses from the tensor thread to JavaScript when work throws.
struct Failure {
  std::string code;
  std::string message;
};

// c10 errors lose their backtrace, failed allocations of either kind become ERR_WORDMASK_MEMORY.
Failure failure_of(std::exception_ptr error);
Failure aborted();

// An instance of the class given to setErrorClass (WordmaskError), else an Error with `code`. `origin`, an Error made
// when the call began, lends its stack: a rejection is created where no JavaScript frame is left.
Napi::Value to_js(Napi::Env env, const Failure& failure, Napi::Value origin = {});

}  // namespace wordmask::bindings
