#include "pipeline/refine.h"

#include "bindings/cancel_token.h"
#include "bindings/functions.h"
#include "bindings/labels.h"
#include "bindings/refine_options.h"
#include "bindings/worker.h"
#include "bindings/wrapped.h"

namespace wordmask::bindings {
namespace {

// refineGrids(image, grids, options, refine, task): Promise<LabelResult>
Napi::Value refine_grids(const Napi::CallbackInfo& info) {
  const Argument options(info[2], "options");
  double temperature = 0;
  if (const auto given = options["temperature"]; given.given()) temperature = given.number(0, 1e6);
  return run(
      info.Env(), read_task(info[4]), "cpu",
      [image = read_image({info[0], "image"}), grids = read_grids({info[1], "grids"}),
       labelling = read_labelling(options), temperature, refine = read_refine({info[3], "refine"})](const Job& job) {
        return Labelled(pipeline::refine_grids(image, grids, labelling, temperature, refine, job.cancel, job.progress));
      },
      labelled_to_js);
}

}  // namespace

std::vector<napi_property_descriptor> refine_functions() { return {async<refine_grids>("refineGrids", kExport)}; }

}  // namespace wordmask::bindings
