// A file of keys that is taken is exactly the one that would be written of what was read, and what it says is
// left of a tree can be used and erased from.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "audit/sealing_file.hpp"

namespace {

void demand(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace portcullis::audit;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  auto keys = read_sealing_text(bytes);
  if (!keys) {
    demand(!keys.error().message.empty());
    return 0;
  }
  demand(sealing_text(*keys).reveal() == bytes);
  for (auto& tree : keys->trees) {
    if (tree.is_empty()) continue;
    const auto& nodes = tree.nodes();
    const std::uint32_t first = nodes.front().first(), last = nodes.back().last();
    const std::size_t count = nodes.size();
    demand(tree.key_of(first).has_value() && tree.has(last));
    tree.erase(last, last);
    demand(!tree.has(last) && !tree.key_of(last) && tree.nodes().size() < count + kTreeDepth);
    demand(first == last || tree.has(first));
  }
  demand(read_sealing_text(sealing_text(*keys).reveal()).has_value());
  return 0;
}
