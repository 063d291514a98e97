#pragma once
#include <napi.h>

#include <vector>

namespace wordmask::bindings {

// The free functions of binding.d.ts, by file.
std::vector<napi_property_descriptor> system_functions();           // system.cc
std::vector<napi_property_descriptor> checkpoint_functions();       // checkpoint.cc
std::vector<napi_property_descriptor> segment_functions();          // segment.cc
std::vector<napi_property_descriptor> reco_functions();             // reco.cc
std::vector<napi_property_descriptor> refine_functions();           // refine.cc
std::vector<napi_property_descriptor> region_functions();           // regions.cc
std::vector<napi_property_descriptor> star_functions();             // stars.cc
std::vector<napi_property_descriptor> thumbnail_functions();        // thumbnail.cc
std::vector<napi_property_descriptor> train_functions();            // train.cc
std::vector<napi_property_descriptor> train_segmenter_functions();  // train_segmenter.cc

}  // namespace wordmask::bindings
