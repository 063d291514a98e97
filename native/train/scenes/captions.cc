#include "train/scenes/captions.h"

#include <algorithm>

#include "base/error.h"

namespace wordmask::train {
namespace {

constexpr int32_t kStart = 49406, kEnd = 49407;
using Things = std::vector<std::pair<int, int>>;

std::string filled(const std::string& pattern, const std::string& phrase) {
  std::string text = pattern;
  return text.replace(text.find("{}"), 2, phrase);
}

// "two dogs", "dogs", "a dog", "the dog", "bread", "dog"
std::string noun(const Pack& pack, const std::pair<int, int>& thing, Rng& rng) {
  static constexpr const char* kWords[] = {"two", "three", "four", "five"};
  static constexpr const char* kDigits[] = {"2", "3", "4", "5"};
  const auto& [name, count] = thing;
  const bool background = name >= pack.concepts;
  if (count > 1 && !background && !pack.mass[name]) {
    const int index = std::min(count, 5) - 2, roll = rng.below(100);
    const std::string many = roll < 70 ? kWords[index] : roll < 80 ? kDigits[index] : "";
    return many.empty() ? pack.plurals[name] : many + " " + pack.plurals[name];
  }
  const std::string& article = pack.articles[name];
  const int roll = rng.below(100);
  if (roll < 15) return pack.names[name];
  if (roll < 25) return "the " + pack.names[name];
  return article.empty() ? pack.names[name] : article + " " + pack.names[name];
}

std::string listed(const std::vector<std::string>& parts) {
  std::string text;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (i) text += i + 1 == parts.size() ? " and " : ", ";
    text += parts[i];
  }
  return text;
}

// "two dogs and a car on grass"
std::string phrase(const Pack& pack, const Things& things, Rng& rng) {
  static constexpr const char* kPlaces[] = {" on ", " in front of ", " with ", " in "};
  std::vector<std::string> objects, places;
  for (const auto& thing : things) (thing.first < pack.concepts ? objects : places).push_back(noun(pack, thing, rng));
  if (objects.empty() || places.empty()) return listed(objects.empty() ? places : objects);
  return listed(objects) + kPlaces[rng.below(4)] + listed(places);
}

Caption write(const Pack& pack, Things things, Rng& rng) {
  for (int i = static_cast<int>(things.size()) - 1; i > 0; --i) std::swap(things[i], things[rng.below(i + 1)]);
  Caption caption;
  const auto choose = [&](const std::vector<std::string>& from) -> const std::string& {
    return from[rng.below(static_cast<int>(from.size()))];
  };
  if (things.size() == 1 && rng.percent(35)) {
    caption.text = filled(choose(pack.prompts), pack.names[things[0].first]);
  } else {
    const std::string& pattern = choose(pack.templates);
    caption.text = filled(pattern, phrase(pack, things, rng));
    if (rng.percent(25)) caption.text += ".";
  }
  caption.tokens = tokenize(pack, caption.text);
  for (const auto& thing : things) caption.names.push_back(thing.first);
  std::sort(caption.names.begin(), caption.names.end());
  return caption;
}

// Says less until it fits into the context; things[0] stays.
Caption fitting(const Pack& pack, Things things, Rng& rng) {
  for (;; things.pop_back()) {
    Caption caption = write(pack, things, rng);
    if (static_cast<int>(caption.tokens.size()) <= pack.context_length) return caption;
    WM_CHECK(things.size() > 1, code::kCheckpoint, "'", caption.text, "' has ", caption.tokens.size(),
             " tokens; the pack's context is ", pack.context_length);
  }
}

// Three of four single mentions are of objects: backgrounds are learned from fewer.
Things one_of(const Pack& pack, const Things& things, Rng& rng) {
  const int objects =
      static_cast<int>(std::count_if(things.begin(), things.end(), [&](auto& t) { return t.first < pack.concepts; }));
  const int n = static_cast<int>(things.size());
  if (objects && rng.percent(75)) return {things[rng.below(objects)]};
  return {things[rng.between(objects, n - 1)]};
}

Things some_of(const Things& things, Rng& rng) {
  Things some;
  for (const auto& thing : things)
    if (rng.percent(50)) some.push_back(thing);
  if (some.empty()) some.push_back(things[rng.below(static_cast<int>(things.size()))]);
  return some;
}

}  // namespace

std::vector<int32_t> tokenize(const Pack& pack, std::string_view text) {
  enum Kind { kSpace, kLetter, kDigit, kOther };
  const auto kind = [](char c) {
    if (c == ' ' || c == '\t' || c == '\n') return kSpace;
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return kLetter;
    return c >= '0' && c <= '9' ? kDigit : kOther;
  };
  std::vector<int32_t> ids{kStart};
  std::string word;
  for (size_t i = 0; i < text.size();) {
    const Kind k = kind(text[i]);
    if (k == kSpace) {
      ++i;
      continue;
    }
    word.clear();
    do {
      const char c = text[i++];
      word += c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    } while (k != kDigit && i < text.size() && kind(text[i]) == k);
    const auto found = pack.dictionary.find(word);
    WM_CHECK(found != pack.dictionary.end(), code::kInvalidArgument, "the scene pack's dictionary has no word '", word,
             "' (in '", text, "')");
    ids.insert(ids.end(), found->second.begin(), found->second.end());
  }
  ids.push_back(kEnd);
  return ids;
}

std::vector<Caption> write_captions(const Pack& pack, const Things& things, Rng& rng) {
  const int roll = rng.below(100);
  std::vector<Caption> captions;
  captions.push_back(fitting(pack,
                             roll < 40   ? one_of(pack, things, rng)
                             : roll < 70 ? some_of(things, rng)
                                         : things,
                             rng));
  captions.push_back(fitting(pack, one_of(pack, things, rng), rng));
  captions.push_back(fitting(pack, things, rng));
  return captions;
}

}  // namespace wordmask::train
