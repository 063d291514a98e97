#include "train/scenes/pack_reader.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace wordmask::train {
namespace {

using nlohmann::json;

constexpr char kMagic[] = "WMSCENES";
constexpr size_t kPrefix = 16;
constexpr size_t kMaxHeader = 16u << 20;
constexpr int kMaxSide = 256;
constexpr int kMaxNames = 255;  // a label is one byte
constexpr int kLastToken = 49407;

uint32_t u32(const uint8_t* p) { return p[0] | p[1] << 8 | p[2] << 16 | static_cast<uint32_t>(p[3]) << 24; }

std::vector<std::string> strings(const json& header, const char* key) {
  return header.at(key).get<std::vector<std::string>>();
}

int integer(const json& value, int low, int high, const char* what) {
  const auto n = value.is_number_integer() ? value.get<int64_t>() : int64_t{-1};
  WM_CHECK(n >= low && n <= high, code::kCheckpoint, "expected ", what, " in ", low, " .. ", high, " but received ",
           value.dump());
  return static_cast<int>(n);
}

void same_length(size_t got, size_t expected, const char* what) {
  WM_CHECK(got == expected, code::kCheckpoint, "expected ", expected, " ", what, " but received ", got);
}

// The styles that every split draws from stand first, so that adding others does not change what evaluation draws.
bool read_training_only(const json& entry, const Pack& pack, uint32_t version, const std::string& style) {
  const bool after_one = pack.styles.size() > 1 && pack.styles[pack.styles.size() - 2].training_only;
  if (!entry.contains("trainingOnly")) {
    WM_CHECK(!after_one, code::kCheckpoint, "style '", style, "' stands behind one for training only");
    return false;
  }
  WM_CHECK(version >= 2, code::kCheckpoint, "style '", style, "' is for training only, which format 1 does not have");
  const auto& value = entry.at("trainingOnly");
  WM_CHECK(value.is_boolean(), code::kCheckpoint, "expected true or false for 'trainingOnly' of style '", style,
           "' but received ", value.dump());
  const bool training_only = value.get<bool>();
  WM_CHECK(!training_only || pack.kind == "training", code::kCheckpoint, "style '", style,
           "' of a held-out pack is for training only");
  WM_CHECK(training_only || !after_one, code::kCheckpoint, "style '", style, "' stands behind one for training only");
  return training_only;
}

void read_style(const json& entry, const Pack& pack, uint32_t version, const uint8_t*& at, const uint8_t* end,
                PackStyle& style) {
  style.name = entry.at("name").get<std::string>();
  style.weight = integer(entry.at("weight"), 1, 1000, "a style's weight");
  style.training_only = read_training_only(entry, pack, version, style.name);
  for (const auto& cell : entry.at("sprites")) {
    PackSprite sprite;
    sprite.concept_index = integer(cell.at(0), 0, pack.concepts - 1, "a sprite's concept");
    sprite.width = integer(cell.at(1), 1, kMaxSide, "a sprite's width");
    sprite.height = integer(cell.at(2), 1, kMaxSide, "a sprite's height");
    const size_t bytes = static_cast<size_t>(sprite.width) * sprite.height * 4;
    WM_CHECK(bytes <= static_cast<size_t>(end - at), code::kCheckpoint, "the file ends inside the sprites of style '",
             style.name, "'");
    sprite.rgba.assign(at, at + bytes);
    at += bytes;
    style.sprites.push_back(std::move(sprite));
  }
  WM_CHECK(!style.sprites.empty(), code::kCheckpoint, "style '", style.name, "' has no sprites");
}

void check_places(const std::vector<std::string>& templates, const char* what) {
  WM_CHECK(!templates.empty(), code::kCheckpoint, "there are no ", what);
  for (const auto& text : templates)
    WM_CHECK(text.find("{}") != std::string::npos, code::kCheckpoint, "one of the ", what, " has no {}: '", text, "'");
}

void read_language(const json& header, Pack& pack) {
  pack.plurals = strings(header, "plurals");
  pack.articles = strings(header, "articles");
  same_length(pack.plurals.size(), pack.concepts, "plurals");
  same_length(pack.articles.size(), pack.names.size(), "articles");
  for (const auto& value : header.at("mass")) pack.mass.push_back(integer(value, 0, 1, "a mass flag"));
  same_length(pack.mass.size(), pack.concepts, "mass flags");
  const int last = static_cast<int>(pack.names.size()) - 1;
  for (const auto& pair : header.at("backgroundPairs"))
    pack.background_pairs.emplace_back(integer(pair.at(0), pack.concepts, last, "a background"),
                                       integer(pair.at(1), pack.concepts, last, "a background"));
  WM_CHECK(!pack.background_pairs.empty(), code::kCheckpoint, "there are no background pairs");
  pack.templates = strings(header, "templates");
  pack.prompts = strings(header, "prompts");
  check_places(pack.templates, "templates");
  check_places(pack.prompts, "prompts");
  pack.context_length = integer(header.at("contextLength"), 8, 77, "a context length");
  for (const auto& id : header.at("vocabulary")) {
    const int value = integer(id, 0, kLastToken, "a token id");
    WM_CHECK(pack.vocabulary.empty() || pack.vocabulary.back() < value, code::kCheckpoint,
             "the vocabulary is not ascending at ", value);
    pack.vocabulary.push_back(value);
  }
  WM_CHECK(header.at("dictionary").is_object(), code::kCheckpoint, "the dictionary is no object");
  for (const auto& [word, ids] : header.at("dictionary").items()) {
    auto& entry = pack.dictionary[word];
    for (const auto& id : ids) {
      entry.push_back(integer(id, 0, kLastToken, "a token id"));
      WM_CHECK(std::binary_search(pack.vocabulary.begin(), pack.vocabulary.end(), entry.back()), code::kCheckpoint,
               "token ", entry.back(), " of '", word, "' is not in the vocabulary");
    }
    WM_CHECK(!entry.empty() && entry.size() < 16, code::kCheckpoint, "the word '", word, "' has ", entry.size(),
             " tokens");
  }
}

Pack parse(const uint8_t* data, size_t size) {
  WM_CHECK(size >= kPrefix && std::memcmp(data, kMagic, 8) == 0, code::kCheckpoint, "it does not start with ", kMagic);
  const uint32_t version = u32(data + 8);
  WM_CHECK(version <= kPackVersion, code::kVersion, "format ", version, " is newer than this build reads (",
           kPackVersion, "); update wordmask or run: node scripts/scenes.mjs pack");
  WM_CHECK(version >= 1, code::kCheckpoint, "format ", version, " does not exist");
  const size_t length = u32(data + 12);
  WM_CHECK(length <= kMaxHeader && length <= size - kPrefix, code::kCheckpoint, "a header of ", length,
           " bytes does not fit into ", size);
  const auto* start = reinterpret_cast<const char*>(data + kPrefix);
  const json header = json::parse(start, start + length);

  Pack pack;
  pack.kind = header.at("kind").get<std::string>();
  WM_CHECK(pack.kind == "training" || pack.kind == "heldout", code::kCheckpoint, "the kind '", pack.kind,
           "' is unknown");
  pack.names = strings(header, "names");
  WM_CHECK(pack.names.size() >= 2 && pack.names.size() <= kMaxNames, code::kCheckpoint, "expected 2 .. ", kMaxNames,
           " names but received ", pack.names.size());
  pack.concepts = integer(header.at("concepts"), 1, static_cast<int>(pack.names.size()) - 1, "the number of concepts");
  if (pack.kind == "training") read_language(header, pack);
  const uint8_t* at = data + kPrefix + length;
  const uint8_t* end = data + size;
  for (const auto& entry : header.at("styles")) {
    auto& style = pack.styles.emplace_back();
    read_style(entry, pack, version, at, end, style);
  }
  WM_CHECK(!pack.styles.empty(), code::kCheckpoint, "there are no styles");
  WM_CHECK(at == end, code::kCheckpoint, end - at, " bytes follow the last sprite");
  return pack;
}

}  // namespace

Pack parse_pack(const uint8_t* data, size_t size, const std::string& source) {
  try {
    return parse(data, size);
  } catch (const Error& error) {
    fail(error.code().c_str(), "Cannot read scene pack '", source, "': ", error.what());
  } catch (const json::exception& error) {
    fail(code::kCheckpoint, "Cannot read scene pack '", source, "': ", error.what());
  }
}

Pack read_pack(const std::string& file) {
  std::error_code unknown;
  // A pipe would be waited for.
  WM_CHECK(!std::filesystem::exists(file, unknown) || std::filesystem::is_regular_file(file, unknown), code::kIo,
           "Expected a file for the scene pack but ", file, " is none");
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  WM_CHECK(in, code::kFileNotFound, "Cannot open scene pack '", file, "'. Build it with: node scripts/scenes.mjs pack");
  const auto size = static_cast<std::streamoff>(in.tellg());
  WM_CHECK(size >= 0, code::kIo, "Cannot read scene pack '", file, "'");
  std::vector<uint8_t> bytes(static_cast<size_t>(size));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes.data()), size);
  WM_CHECK(in.gcount() == size, code::kIo, "Read ", in.gcount(), " of ", size, " bytes of '", file, "'");
  return parse_pack(bytes.data(), bytes.size(), file);
}

}  // namespace wordmask::train
