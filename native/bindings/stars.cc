#include "bindings/stars.h"

#include "bindings/cancel_token.h"
#include "bindings/convert.h"
#include "bindings/functions.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"
#include "kernels/stars/hamming_stars.h"

namespace wordmask::bindings {

kernels::StarOrder read_star_order(const Argument& options) {
  kernels::StarOrder order;
  if (const Argument priority = options["priority"]; priority.given()) order.priority = read_doubles(priority);
  if (const Argument allow = options["allow"]; allow.given()) order.allow = read_bytes(allow);
  return order;
}

namespace {

Napi::Value hamming_to_js(Napi::Env env, const std::shared_ptr<kernels::HammingStars>& stars) {
  Napi::Object result = Napi::Object::New(env);
  result["centres"] = to_values<Napi::Int32Array>(env, stars->centres);
  result["distances"] = to_values<Napi::Uint8Array>(env, stars->distances);
  return result;
}

// hammingStars(hashes, options, task): Promise<HammingStars>
Napi::Value hamming_stars(const Napi::CallbackInfo& info) {
  const Argument options(info[1], "options");
  return run(
      info.Env(), read_task(info[2]), "files",
      [hashes = read_hashes({info[0], "hashes"}), most = options["maxHamming"].integer(0, 64),
       order = read_star_order(options)](const Job& job) {
        return kernels::hamming_stars(hashes, most, order, job.cancel, job.progress);
      },
      hamming_to_js);
}

}  // namespace

std::vector<napi_property_descriptor> star_functions() { return {async<hamming_stars>("hammingStars", kExport)}; }

}  // namespace wordmask::bindings
