#include "model/word.hpp"

#include <mutex>
#include <unordered_set>

namespace pgstrata::model {
namespace {

struct Hash : std::hash<std::string_view> {
  using is_transparent = void;
};

// Never destroyed: words may outlive any other object with static storage.
const std::string& known(std::string_view text) {
  static auto& words = *new std::unordered_set<std::string, Hash, std::equal_to<>>;
  static auto& guard = *new std::mutex;
  std::lock_guard lock(guard);
  auto found = words.find(text);
  return found != words.end() ? *found : *words.emplace(text).first;
}

}  // namespace

const std::string Word::nothing;

Word::Word(std::string_view text) : text_(text.empty() ? &nothing : &known(text)) {}

}  // namespace pgstrata::model
