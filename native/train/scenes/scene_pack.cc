#include "train/scenes/scene_pack.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "train/scenes/captions.h"
#include "train/scenes/layout.h"
#include "train/scenes/pack_reader.h"
#include "train/scenes/restyle.h"
#include "train/scenes/textures.h"

namespace wordmask::train {
namespace {

using Levels = std::array<Sprite, 3>;  // full, half and quarter size; straight alpha

// The pictures of one concept, one list a style; the styles for training only stand last, so that `shared`, the sum of
// the other weights, picks among the others alone.
struct Artwork {
  std::vector<int> weights;
  std::vector<std::vector<Levels>> styles;
  int total = 0;
  int shared = 0;
};

std::vector<Artwork> sort_by_concept(std::vector<PackStyle>& styles, int concepts) {
  std::vector<Artwork> artwork(concepts);
  for (auto& style : styles) {
    std::vector<std::vector<Levels>> found(concepts);
    for (auto& sprite : style.sprites) {
      Sprite full(sprite.width, sprite.height);
      full.rgba = std::move(sprite.rgba);
      found[sprite.concept_index].push_back(halve_twice(std::move(full)));
    }
    for (int c = 0; c < concepts; ++c) {
      if (found[c].empty()) continue;
      artwork[c].styles.push_back(std::move(found[c]));
      artwork[c].weights.push_back(style.weight);
      artwork[c].total += style.weight;
      if (!style.training_only) artwork[c].shared += style.weight;
    }
  }
  return artwork;
}

void check_complete(const std::vector<Artwork>& artwork, const Pack& pack, const std::string& file) {
  for (size_t c = 0; c < artwork.size(); ++c)
    WM_CHECK(artwork[c].shared > 0, code::kCheckpoint, "Scene pack '", file, "' has no picture of '", pack.names[c],
             artwork[c].total > 0 ? "' but those for training only" : "'");
}

const Levels& choose(const Artwork& artwork, bool training, Rng& rng) {
  int ticket = rng.below(training ? artwork.total : artwork.shared);
  size_t style = 0;
  while (ticket >= artwork.weights[style]) ticket -= artwork.weights[style++];
  const auto& variants = artwork.styles[style];
  return variants[rng.below(static_cast<int>(variants.size()))];
}

// One object, drawn at its size: premultiplied; its alpha alone where it is not painted.
Sprite draw(const Levels& levels, int side, bool training, bool painted, Rng& rng) {
  size_t level = 0;
  while (level + 1 < levels.size() && levels[level + 1].longest() * 9 >= side * 8) ++level;
  Sprite sprite = training ? restyle(levels[level], rng) : levels[level];
  if (painted) premultiply(sprite);
  const int aspect = rng.between(-12, 12);
  Placement placement;
  placement.width = std::max(1, sprite.width * side / sprite.longest() * (200 + aspect) / 200);
  placement.height = std::max(1, sprite.height * side / sprite.longest() * (200 - aspect) / 200);
  // tan(14 degrees / 2) = 8047 / 65536; one in twelve turns by up to 40 degrees
  placement.slant = rng.percent(92) ? rng.between(-8047, 8047) : rng.between(-23853, 23853);
  placement.shear = training && rng.percent(30) ? rng.between(-9000, 9000) : 0;
  placement.flip = rng.percent(50);
  if (training && rng.percent(60))
    for (int& bend : placement.bend) bend = rng.between(-600, 600);
  const int gain = rng.between(200, 290);
  int channel[3];
  for (int& c : channel) c = gain + rng.between(-12, 12);
  if (!painted) return warp_mask(sprite, placement);
  Sprite drawing = warp(sprite, placement);
  for (size_t i = 0; i < drawing.rgba.size(); i += 4)
    for (int k = 0; k < 3; ++k)
      drawing.rgba[i + k] = std::min<int>(drawing.rgba[i + k] * channel[k] >> 8, drawing.rgba[i + 3]);
  return drawing;
}

void lay(Sprite& picture, const Sprite& drawing, int left, int top) {
  for (int y = std::max(0, -top); y < std::min(drawing.height, picture.height - top); ++y)
    for (int x = std::max(0, -left); x < std::min(drawing.width, picture.width - left); ++x) {
      const uint8_t* p = drawing.at(x, y);
      if (!p[3]) continue;
      uint8_t* q = picture.at(left + x, top + y);
      for (int k = 0; k < 3; ++k) q[k] = clamp8(p[k] + mul255(q[k], 255 - p[3]));
    }
}

// Light of the whole picture and a little sensor noise; drops alpha.
ImageU8 develop(const Sprite& picture, Rng& rng) {
  ImageU8 image{picture.width, picture.height,
                std::vector<uint8_t>(static_cast<size_t>(picture.width) * picture.height * 3)};
  const int gain = rng.between(225, 280), lift = rng.between(-10, 10);
  const int noise = rng.percent(50) ? rng.between(1, 9) : 0;
  Rng stream = rng.fork();
  const uint8_t* p = picture.rgba.data();
  uint8_t* out = image.data.data();
  const size_t pixels = image.data.size() / 3;
  for (size_t i = 0; i < pixels; ++i, p += 4, out += 3) {
    uint64_t bits = noise ? stream.next() : 0;
    for (int k = 0; k < 3; ++k, bits >>= 20) {
      const int grain = noise ? static_cast<int>((bits & 1023) + (bits >> 10 & 1023)) * noise / 1023 - noise : 0;
      out[k] = clamp8((p[k] * gain >> 8) + lift + grain);
    }
  }
  return image;
}

class PackOfScenes final : public ScenePack {
 public:
  explicit PackOfScenes(const std::vector<std::string>& files) {
    WM_CHECK(files.size() == 1 || files.size() == 2, code::kInvalidArgument,
             "Expected a scene pack, or one and the pack of the held-out style, but received ", files.size(), " files");
    pack_ = read_pack(files[0]);
    WM_CHECK(pack_.kind == "training", code::kInvalidArgument, "Expected a pack of training styles first but '",
             files[0], "' is of kind '", pack_.kind, "'");
    add(pack_, files[0], training_);
    for (size_t i = pack_.concepts; i < pack_.names.size(); ++i) {
      textures_.push_back(find_texture(pack_.names[i]));
      WM_CHECK(textures_.back(), code::kCheckpoint, "Scene pack '", files[0],
               "' names a background that nothing paints: '", pack_.names[i], "'");
    }
    if (files.size() < 2) return;
    Pack heldout = read_pack(files[1]);
    WM_CHECK(heldout.kind == "heldout", code::kInvalidArgument, "Expected the pack of the held-out style second but '",
             files[1], "' is of kind '", heldout.kind, "'");
    WM_CHECK(heldout.names == pack_.names && heldout.concepts == pack_.concepts, code::kInvalidArgument, "'", files[1],
             "' has other names than '", files[0], "'; rebuild both with: node scripts/scenes.mjs pack");
    add(heldout, files[1], heldout_);
  }

  const std::vector<std::string>& names() const override { return pack_.names; }
  int concepts() const override { return pack_.concepts; }
  const std::vector<std::string>& styles() const override { return styles_; }
  const std::vector<int64_t>& vocabulary() const override { return pack_.vocabulary; }
  const std::vector<std::string>& prompts() const override { return pack_.prompts; }
  int context_length() const override { return pack_.context_length; }
  std::vector<int32_t> tokenize(const std::string& text) const override { return train::tokenize(pack_, text); }

  Scene render(uint64_t index, const SceneOptions& options) const override {
    Rng rng = stream_of(index, options);
    Scene scene;
    Sprite picture(options.size, options.size);
    const Things things = compose(picture, scene.labels, options, rng);
    scene.present = names_of(things);
    scene.captions = write_captions(pack_, things, rng);
    scene.image = develop(picture, rng);
    return scene;
  }

  std::vector<int> present(uint64_t index, const SceneOptions& options) const override {
    Rng rng = stream_of(index, options);
    Sprite nothing = Sprite::unpainted(options.size, options.size);
    std::vector<uint8_t> labels;
    return names_of(compose(nothing, labels, options, rng));
  }

 private:
  using Things = std::vector<std::pair<int, int>>;  // name, how many

  // The random numbers of a scene, its options checked.
  Rng stream_of(uint64_t index, const SceneOptions& options) const {
    const int size = options.size;
    WM_CHECK(size >= 48 && size <= 512, code::kInvalidArgument, "Expected a size of 48 .. 512 pixels but received ",
             size);
    WM_CHECK(
        options.split != Split::kHeldOut || !heldout_.empty(), code::kInvalidArgument,
        "The split 'heldout' needs the pack of the held-out style as a second file. In a checkout, build it with: node "
        "scripts/scenes.mjs pack");
    const auto split = static_cast<uint64_t>(options.split);
    return Rng(mix64(mix64(mix64(options.seed) + split + 1) + index));
  }

  // Backgrounds and objects on `picture`, which may be unpainted, and whose each pixel is. -> what is really there
  Things compose(Sprite& picture, std::vector<uint8_t>& labels, const SceneOptions& options, Rng& rng) const {
    const int size = options.size;
    const auto& artwork = options.split == Split::kHeldOut ? heldout_ : training_;
    const Plan plan =
        plan_scene(rng, size, pack_.concepts, static_cast<int>(pack_.names.size()), pack_.background_pairs);
    paint_backgrounds(plan, picture, rng, labels);
    Canvas canvas(size);
    std::vector<int> placed;
    const bool training = options.split == Split::kTrain;
    for (const auto& [which, side] : plan.objects) {
      const Sprite drawing = draw(choose(artwork[which], training, rng), side, training, picture.painted(), rng);
      int left, top;
      if (!canvas.place(drawing, rng, left, top)) continue;  // no room left: the scene goes without it
      if (picture.painted()) lay(picture, drawing, left, top);
      placed.push_back(which);
    }
    for (size_t i = 0; i < labels.size(); ++i)
      if (canvas.owner()[i]) labels[i] = static_cast<uint8_t>(placed[canvas.owner()[i] - 1]);
    return take_stock(placed, labels);
  }

  void add(Pack& pack, const std::string& file, std::vector<Artwork>& into) {
    for (const auto& style : pack.styles) styles_.push_back(style.name);
    into = sort_by_concept(pack.styles, pack.concepts);
    check_complete(into, pack, file);
  }

  void paint_backgrounds(const Plan& plan, Sprite& picture, Rng& rng, std::vector<uint8_t>& labels) const {
    const int size = picture.width, scale = std::max(256, size * 256 / 96);
    textures_[plan.upper - pack_.concepts](picture, rng, scale);
    labels.assign(static_cast<size_t>(size) * size, static_cast<uint8_t>(plan.upper));
    if (plan.edge.empty()) return;
    Sprite below = picture.painted() ? Sprite(size, size) : Sprite::unpainted(size, size);
    textures_[plan.lower - pack_.concepts](below, rng, scale);
    for (int y = 0; y < size; ++y)
      for (int x = 0; x < size; ++x)
        if (y >= plan.edge[x]) {
          if (picture.painted()) std::copy_n(below.at(x, y), 4, picture.at(x, y));
          labels[static_cast<size_t>(y) * size + x] = static_cast<uint8_t>(plan.lower);
        }
  }

  // Objects with their number, then every background of which a pixel is left.
  Things take_stock(const std::vector<int>& placed, const std::vector<uint8_t>& labels) const {
    std::vector<int> pixels(pack_.names.size());
    for (const uint8_t label : labels) ++pixels[label];
    std::map<int, int> counts;
    for (const int which : placed) ++counts[which];
    for (size_t i = pack_.concepts; i < pixels.size(); ++i)
      if (pixels[i]) counts[static_cast<int>(i)] = 1;
    return {counts.begin(), counts.end()};
  }

  static std::vector<int> names_of(const Things& things) {
    std::vector<int> names;
    for (const auto& [name, count] : things) names.push_back(name);
    return names;
  }

  Pack pack_;
  std::vector<Artwork> training_, heldout_;
  std::vector<std::string> styles_;
  std::vector<Paint> textures_;
};

}  // namespace

std::shared_ptr<ScenePack> ScenePack::open(const std::vector<std::string>& files) {
  return std::make_shared<PackOfScenes>(files);
}

}  // namespace wordmask::train
