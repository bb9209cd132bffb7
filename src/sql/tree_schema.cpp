// The tables behind tree_schema.hpp.
#include "sql/tree_schema.hpp"

#include <algorithm>
#include <array>

#include "sql/word_index.hpp"

namespace portcullis::sql {
namespace {

struct Word {
  std::string_view enumeration;
  std::string_view value;
};

constexpr auto kFields = std::to_array<Field>({
#define FIELD(node, name, kind, of) {node, name, FieldKind::kind, of},
#include "sql/tree_schema.inc"
#undef FIELD
});

constexpr auto kWords = std::to_array<Word>({
#define WORD(enumeration, value) {enumeration, value},
#include "sql/tree_schema.inc"
#undef WORD
});

static_assert(std::is_sorted(kFields.begin(), kFields.end(),
                             [](const Field& a, const Field& b) { return a.node < b.node; }));
static_assert(std::is_sorted(kWords.begin(), kWords.end(),
                             [](const Word& a, const Word& b) { return a.enumeration < b.enumeration; }));

// The first field of each node: every node is looked up twice for each statement.
constexpr auto kFirstFields = [] {
  WordIndex<1024> index;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (i == 0 || kFields[i - 1].node != kFields[i].node) index.add(kFields[i].node, i);
  }
  return index;
}();

// For the first field of each node: how many it has.
constexpr auto kFieldCounts = [] {
  std::array<std::uint16_t, kFields.size()> counts{};
  std::size_t first = 0;
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (kFields[i].node != kFields[first].node) first = i;
    ++counts[first];
  }
  return counts;
}();

}  // namespace

std::span<const Field> fields_of(std::string_view node) noexcept {
  const std::size_t first =
      kFirstFields.find(node, kFields.size(), [](std::size_t i) { return kFields[i].node; });
  if (first == kFields.size()) return {};
  return {kFields.data() + first, kFieldCounts[first]};
}

const Field* find_field(std::span<const Field> fields, std::string_view name) noexcept {
  for (const Field& field : fields) {
    if (field.name == name) return &field;
  }
  return nullptr;
}

const Field* find_field(std::string_view node, std::string_view name) noexcept {
  return find_field(fields_of(node), name);
}

bool is_word_of(std::string_view enumeration, std::string_view word) noexcept {
  const auto* at = std::lower_bound(kWords.begin(), kWords.end(), enumeration,
                                    [](const Word& w, std::string_view e) { return w.enumeration < e; });
  for (; at != kWords.end() && at->enumeration == enumeration; ++at) {
    if (at->value == word) return true;
  }
  return false;
}

std::span<const Field> all_fields() noexcept {
  return kFields;
}

}  // namespace portcullis::sql
