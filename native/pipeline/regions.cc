#include "pipeline/regions.h"

#include <algorithm>
#include <cstdint>

#include "base/error.h"

namespace wordmask::pipeline {

namespace {
constexpr int32_t kNone = -1;

// A region a pixel (kNone: left out) and the label of every region, in raster order of first pixels.
struct Partition {
  std::vector<int32_t> region;
  std::vector<int> label;
};

int32_t root(std::vector<int32_t>& parent, int32_t at) {
  while (parent[at] != at) at = parent[at] = parent[parent[at]];
  return at;
}

// Two passes: provisional components joined by union-find towards the smaller index, which has the earlier first pixel.
Partition components(const LabelMap& labels) {
  const size_t width = labels.width, pixels = labels.data.size();
  std::vector<int32_t> provisional(pixels), parent;
  for (size_t i = 0; i < pixels; ++i) {
    const bool left = i % width > 0 && labels.data[i - 1] == labels.data[i];
    const bool above = i >= width && labels.data[i - width] == labels.data[i];
    if (left && above) {
      const auto a = root(parent, provisional[i - 1]), b = root(parent, provisional[i - width]);
      parent[std::max(a, b)] = provisional[i] = std::min(a, b);
    } else if (left || above) {
      provisional[i] = left ? provisional[i - 1] : provisional[i - width];
    } else {
      provisional[i] = static_cast<int32_t>(parent.size());
      parent.push_back(provisional[i]);
    }
  }
  Partition result{std::vector<int32_t>(pixels), {}};
  std::vector<int32_t> number(parent.size(), kNone);
  for (size_t i = 0; i < pixels; ++i) {
    auto& index = number[root(parent, provisional[i])];
    if (index == kNone) {
      index = static_cast<int32_t>(result.label.size());
      result.label.push_back(labels.data[i]);
    }
    result.region[i] = index;
  }
  return result;
}

Partition values(const LabelMap& labels) {
  Partition result{std::vector<int32_t>(labels.data.size()), {}};
  std::vector<int32_t> number(size_t{1} << 16, kNone);
  for (size_t i = 0; i < labels.data.size(); ++i) {
    auto& index = number[labels.data[i]];
    if (index == kNone) {
      index = static_cast<int32_t>(result.label.size());
      result.label.push_back(labels.data[i]);
    }
    result.region[i] = index;
  }
  return result;
}

struct Box {
  int left = INT32_MAX, top = INT32_MAX, right = -1, bottom = -1;
};

// One walk down the columns writes the runs of all regions: a region's run is closed when its next pixel does not
// follow.
std::vector<Region> encode(const LabelMap& labels, const Partition& partition) {
  std::vector<Region> regions(partition.label.size());
  std::vector<Box> boxes(regions.size());
  std::vector<uint32_t> ends(regions.size(), 0);  // column-major index after the last pixel seen
  uint32_t at = 0;
  for (int x = 0; x < labels.width; ++x) {
    for (int y = 0; y < labels.height; ++y, ++at) {
      const auto index = partition.region[static_cast<size_t>(y) * labels.width + x];
      auto& region = regions[index];
      auto& box = boxes[index];
      if (region.area == 0 || at != ends[index]) {
        region.counts.push_back(at - ends[index]);
        region.counts.push_back(0);
      }
      ++region.counts.back();
      ends[index] = at + 1;
      ++region.area;
      box = {std::min(box.left, x), std::min(box.top, y), std::max(box.right, x), std::max(box.bottom, y)};
    }
  }
  for (size_t i = 0; i < regions.size(); ++i) {
    if (ends[i] < at) regions[i].counts.push_back(at - ends[i]);
    regions[i].label = partition.label[i];
    regions[i].bbox = {boxes[i].left, boxes[i].top, boxes[i].right - boxes[i].left + 1,
                       boxes[i].bottom - boxes[i].top + 1};
  }
  return regions;
}
}  // namespace

std::vector<Region> regions(const LabelMap& labels, const RegionOptions& options) {
  const auto pixels = static_cast<size_t>(labels.width) * static_cast<size_t>(labels.height);
  WM_CHECK(labels.width > 0 && labels.height > 0 && labels.data.size() == pixels && pixels <= INT32_MAX,
           code::kInvalidArgument, "Expected ", labels.width, "x", labels.height, " labels but received ",
           labels.data.size());
  auto all = encode(labels, options.instances ? components(labels) : values(labels));
  std::erase_if(all, [&](const Region& region) {
    return region.area < options.min_area || std::ranges::find(options.skip, region.label) != options.skip.end();
  });
  std::ranges::stable_sort(all, {}, &Region::label);
  return all;
}

std::vector<double> confusion(const uint16_t* truth, const uint16_t* prediction, size_t pixels, int n, int ignore) {
  WM_CHECK(n > 0 && n <= 1 << 16, code::kInvalidArgument, "Expected 1 to 65536 classes but received ", n);
  std::vector<double> matrix(static_cast<size_t>(n) * n, 0);
  for (size_t i = 0; i < pixels; ++i) {
    if (truth[i] == ignore) continue;
    WM_CHECK(truth[i] < n && prediction[i] < n, code::kInvalidArgument, "Expected labels below ", n,
             " or truth == ignore (", ignore, ") but received truth ", truth[i], " and prediction ", prediction[i],
             " at pixel ", i);
    ++matrix[static_cast<size_t>(truth[i]) * n + prediction[i]];
  }
  return matrix;
}

}  // namespace wordmask::pipeline
