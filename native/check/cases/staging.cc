// Two page-locked buffers in turn, with copies that end as late as may be: the same on every machine.
#include "pipeline/staging.h"

#include <ATen/ATen.h>

#include "check/cases/fakes.h"

namespace wordmask::check {
namespace {

using Log = LateCopies::Log;
using pipeline::Download;
using pipeline::Staging;

struct Setting {
  std::shared_ptr<Log> up = std::make_shared<Log>(), down = std::make_shared<Log>();
  Staging staging{std::make_unique<LateCopies>(up), std::make_unique<LateCopies>(down)};
};

void expect_undisturbed(Setting& setting) {
  LateCopies::finish_all(*setting.up);
  LateCopies::finish_all(*setting.down);
  expect(setting.up->disturbed == 0 && setting.down->disturbed == 0, "no buffer written while its copy is under way");
}

bool alike(const at::Tensor& a, const at::Tensor& b) { return a.scalar_type() == b.scalar_type() && a.equal(b); }

void batches_arrive() {
  Setting setting;
  std::vector<at::Tensor> given, there;
  for (uint64_t i = 0; i < 9; ++i) {
    given.push_back(uniform({2, 3, 5}, i));
    there.push_back(setting.staging.up(given.back()));
  }
  expect_undisturbed(setting);
  for (size_t i = 0; i < given.size(); ++i) expect(alike(there[i], given[i]), "each batch as it was given");
  expect(setting.up->pages == 2, "two buffers");
}

void one_is_filled_beside() {
  Setting setting;
  for (uint64_t i = 0; i < 9; ++i) {
    setting.staging.up(uniform({4}, i));
    expect(setting.up->under_way.size() == std::min<size_t>(i + 1, 2), "a batch filled without waiting for the last");
  }
  expect(setting.up->most == 2, "two copies under way");
  expect_undisturbed(setting);
}

void results_a_turn_later() {
  Setting setting;
  std::shared_ptr<Download> last;
  for (uint64_t i = 0; i < 9; ++i) {
    auto next = setting.staging.down(uniform({7}, i));
    if (last) expect(alike(last->take(), uniform({7}, i - 1)), "the last result while the next is under way");
    last = next;
  }
  expect(alike(last->take(), uniform({7}, 8)), "the last of all");
  expect(setting.down->pages == 2, "two buffers");
  expect_undisturbed(setting);
}

void results_nobody_took() {
  Setting setting;
  std::vector<std::shared_ptr<Download>> waiting;
  for (uint64_t i = 0; i < 7; ++i) waiting.push_back(setting.staging.down(uniform({6}, i)));
  for (uint64_t i = 7; i-- > 0;) expect(alike(waiting[i]->take(), uniform({6}, i)), "results taken late and backwards");
  for (uint64_t i = 0; i < 5; ++i) setting.staging.down(uniform({6}, i));  // dropped at once
  expect(alike(setting.staging.down(uniform({6}, 99))->take(), uniform({6}, 99)), "a result after dropped ones");
  expect_undisturbed(setting);
}

void results_are_own() {
  Setting setting;
  const auto download = setting.staging.down(uniform({6}, 1));
  const auto first = download->take();
  for (uint64_t i = 2; i < 6; ++i) setting.staging.down(uniform({6}, i))->take();
  expect(alike(first, uniform({6}, 1)), "a result that later ones leave alone");
  expect(alike(download->take(), first), "the same when taken again");
}

void sizes_and_types() {
  Setting setting;
  std::vector<at::Tensor> given, there;
  std::vector<std::shared_ptr<Download>> back;
  for (const auto dtype : {at::kFloat, at::kBFloat16, at::kHalf, at::kLong, at::kByte})
    for (const int64_t n : {3, 1, 8, 0, 5, 2}) {
      given.push_back((uniform({n, 2, 3}, static_cast<uint64_t>(n)) * 100 + 100).to(dtype).permute({1, 2, 0}));
      there.push_back(setting.staging.up(given.back()));
      back.push_back(setting.staging.down(given.back()));
    }
  expect_undisturbed(setting);
  for (size_t i = 0; i < given.size(); ++i) {
    expect(alike(there[i], given[i]), "growing, shrinking, empty and strided batches");
    const auto result = back[i]->take();
    expect(alike(result, given[i]) && result.is_contiguous(), "such results, contiguous");
  }
}

void outlives() {
  std::shared_ptr<Download> download;
  Setting setting;
  {
    Staging staging(std::make_unique<LateCopies>(setting.up), std::make_unique<LateCopies>(setting.down));
    download = staging.down(uniform({4}, 1));
  }
  expect(alike(download->take(), uniform({4}, 1)), "a result of a Staging that is gone");
}

std::vector<Case> cases() {
  return {holds("every batch arrives, and no buffer is written while its copy is under way", batches_arrive),
          holds("one buffer is filled while the copy of the other is under way", one_is_filled_beside),
          holds("results taken a turn later", results_a_turn_later),
          holds("results taken late, backwards, or never", results_nobody_took),
          holds("a result is memory of its own", results_are_own),
          holds("sizes, types and strides", sizes_and_types),
          holds("a result outlives its buffers", outlives)};
}

const CaseTable kTable{"staging", cases};

}  // namespace
}  // namespace wordmask::check
