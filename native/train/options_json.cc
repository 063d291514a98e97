#include "train/options_json.h"

#include <nlohmann/json.hpp>
#include <set>

#include "base/error.h"
#include "train/scenes/scene_pack.h"

namespace wordmask::train {
namespace {

using json = nlohmann::json;

// Reads the fields of one object and afterwards names those that nobody asked for.
class Reader {
 public:
  Reader(const json& object, std::string path) : object_(object), path_(std::move(path)) {
    WM_CHECK(object.is_object(), code::kInvalidArgument, "Expected an object for ", path_, " but received ",
             object.dump());
  }
  template <class T>
  Reader& field(const char* name, T& out, bool required = true) {
    known_.insert(name);
    const auto found = object_.find(name);
    WM_CHECK(found != object_.end() || !required, code::kInvalidArgument, "Expected ", path_, ".", name,
             " but it is missing");
    if (found == object_.end()) return *this;
    try {
      found->get_to(out);
    } catch (const json::exception&) {
      fail(code::kInvalidArgument, "Expected another type for ", path_, ".", name, " but received ", found->dump());
    }
    return *this;
  }
  json object(const char* name, bool required = true) {
    json value;
    field(name, value, required);
    return value;
  }
  void done() const {
    for (const auto& [name, value] : object_.items())
      WM_CHECK(known_.count(name), code::kInvalidArgument, "Unknown option ", path_, ".", name);
  }

 private:
  const json& object_;
  std::string path_;
  std::set<std::string> known_;
};

json parse(const std::string& text) {
  auto value = json::parse(text, nullptr, false);
  WM_CHECK(!value.is_discarded(), code::kInvalidArgument, "Expected JSON but the text does not parse");
  return value;
}

models::ClipConfig config_of(const json& value) {
  models::ClipConfig config;
  std::string activation, keys = "openai", kind, dense;
  Reader reader(value, "model");
  reader.field("embedDim", config.embed_dim)
      .field("activation", activation)
      .field("layerNormEps", config.layer_norm_eps);
  reader.field("keys", keys, false).field("dense", dense, false);
  WM_CHECK(activation == "gelu" || activation == "quick_gelu", code::kInvalidArgument,
           "Expected \"gelu\" or \"quick_gelu\" for model.activation but received \"", activation, "\"");
  config.activation = activation == "gelu" ? models::Activation::kGelu : models::Activation::kQuickGelu;
  if (!dense.empty()) {
    WM_CHECK(dense == "value" || dense == "residual", code::kInvalidArgument,
             "Expected \"value\" or \"residual\" for model.dense but received \"", dense, "\"");
    config.dense = dense == "value" ? models::ClipConfig::Dense::kValue : models::ClipConfig::Dense::kResidual;
  }
  const json vision_json = reader.object("vision"), text_json = reader.object("text");
  reader.done();
  auto& v = config.vision;
  Reader vision(vision_json, "model.vision");
  vision.field("kind", kind);
  WM_CHECK(kind == "vit", code::kInvalidArgument, "Expected \"vit\" for model.vision.kind but received \"", kind, "\"");
  vision.field("imageSize", v.image_size)
      .field("patchSize", v.patch_size)
      .field("width", v.width)
      .field("layers", v.layers);
  vision.field("heads", v.heads).field("mlpWidth", v.mlp_width).done();
  auto& t = config.text;
  Reader text(text_json, "model.text");
  text.field("contextLength", t.context_length).field("vocabSize", t.vocab_size).field("width", t.width);
  text.field("layers", t.layers)
      .field("heads", t.heads)
      .field("mlpWidth", t.mlp_width)
      .field("endOfText", t.end_of_text);
  text.field("vocabulary", t.vocabulary, false).done();
  return config;
}

}  // namespace

models::ClipConfig parse_config(const std::string& text) { return config_of(parse(text)); }

TrainClipOptions parse_options(const std::string& text) {
  TrainClipOptions o;
  std::string kind, dtype = "bfloat16", objective = "captions";
  const json root = parse(text);
  Reader reader(root, "options");
  o.model = config_of(reader.object("model"));
  const json data_json = reader.object("data"), freeze_json = reader.object("freeze", false);
  const json stages_json = reader.object("stages");
  reader.field("initial", o.initial, false).field("into", o.into).field("seed", o.seed, false);
  reader.field("learningRate", o.learning_rate, false).field("weightDecay", o.weight_decay, false);
  reader.field("beta1", o.beta1, false).field("beta2", o.beta2, false).field("warmupSteps", o.warmup_steps, false);
  reader.field("clipNorm", o.clip_norm, false).field("patchLoss", o.patch_loss, false);
  reader.field("claimLoss", o.claim_loss, false);
  reader.field("softTargets", o.soft_targets, false).field("dtype", dtype, false).field("workers", o.workers, false);
  reader.field("objective", objective, false);
  reader.field("checkpointEvery", o.checkpoint_every, false).field("logEvery", o.log_every, false);
  reader.done();
  WM_CHECK(dtype == "float32" || dtype == "bfloat16", code::kInvalidArgument,
           "Expected \"float32\" or \"bfloat16\" for options.dtype but received \"", dtype, "\"");
  o.bfloat16 = dtype == "bfloat16";
  WM_CHECK(objective == "captions" || objective == "views", code::kInvalidArgument,
           "Expected \"captions\" or \"views\" for options.objective but received \"", objective, "\"");
  if (objective == "views") o.objective = Objective::kViews;
  Reader data(data_json, "data");
  data.field("kind", kind);
  WM_CHECK(kind == "scenes" || kind == "packed", code::kInvalidArgument,
           "Expected \"scenes\" or \"packed\" for data.kind but received \"", kind, "\"");
  if (kind == "scenes") {
    data.field("pack", o.scene_pack).done();
    if (o.model.text.vocabulary.empty()) o.model.text.vocabulary = ScenePack::open({o.scene_pack})->vocabulary();
  } else {
    data.field("pixels", o.packed_pixels).field("tokens", o.packed_tokens).done();
  }
  if (!freeze_json.is_null()) {
    Reader(freeze_json, "freeze").field("vision", o.freeze_vision).field("text", o.freeze_text).done();
  }
  WM_CHECK(stages_json.is_array(), code::kInvalidArgument, "Expected an array for options.stages but received ",
           stages_json.dump());
  for (const auto& stage_json : stages_json) {
    Stage stage;
    Reader(stage_json, "stages")
        .field("steps", stage.steps)
        .field("batchSize", stage.batch_size)
        .field("size", stage.size)
        .done();
    o.stages.push_back(stage);
  }
  return o;
}

}  // namespace wordmask::train
