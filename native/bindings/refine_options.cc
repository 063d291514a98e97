#include "bindings/refine_options.h"

namespace wordmask::bindings {

namespace {
constexpr double kLargest = 1e9;

kernels::CrfGaussian read_gaussian(const Argument& argument, bool colours) {
  kernels::CrfGaussian gaussian{argument["weight"].number(0, kLargest), argument["sxy"].number(1e-3, kLargest)};
  if (colours) gaussian.sigma_rgb = argument["srgb"].number(1e-3, kLargest);
  return gaussian;
}
}  // namespace

pipeline::RefineOptions read_refine(const Argument& argument) {
  pipeline::RefineOptions options;
  constexpr int64_t kMostIterations = 1'000'000;
  options.prune = argument["prune"].boolean();
  const double most = argument["maxBytes"].number(0, 1e18);
  const int64_t iterations = argument["iterations"].integer(0, kMostIterations);
  if (argument["method"].one_of({"crf", "pamr"}) == "crf") {
    options.method = pipeline::RefineOptions::Method::kCrf;
    options.crf = {read_gaussian(argument["smoothness"], false), read_gaussian(argument["appearance"], true),
                   iterations, most};
  } else {
    options.method = pipeline::RefineOptions::Method::kPamr;
    options.pamr = {iterations, {}, most};
    const Argument dilations = argument["dilations"];
    for (uint32_t i = 0, n = dilations.length(); i < n; ++i)
      options.pamr.dilations.push_back(dilations.at(i).integer(1, 65536));
  }
  return options;
}

}  // namespace wordmask::bindings
