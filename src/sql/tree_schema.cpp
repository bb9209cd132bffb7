// The tables behind tree_schema.hpp.
#include "sql/tree_schema.hpp"

#include <algorithm>
#include <array>

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

// Every node is looked up twice for each statement, so this is a hash table: a slot holds the place of the
// node's first field in kFields and one, or 0. Collisions go to the next slot.
constexpr std::size_t kSlots = 1024;

constexpr std::size_t slot_of(std::string_view node) {
  std::uint32_t hash = 2166136261u;  // FNV-1a
  for (const char c : node) hash = (hash ^ static_cast<unsigned char>(c)) * 16777619u;
  return (hash ^ (hash >> 15)) % kSlots;
}

constexpr auto kIndex = [] {
  std::array<std::uint16_t, kSlots> index{};
  for (std::size_t i = 0; i < kFields.size(); ++i) {
    if (i > 0 && kFields[i - 1].node == kFields[i].node) continue;
    std::size_t slot = slot_of(kFields[i].node);
    while (index[slot] != 0) slot = (slot + 1) % kSlots;
    index[slot] = static_cast<std::uint16_t>(i + 1);
  }
  return index;
}();

}  // namespace

std::span<const Field> fields_of(std::string_view node) noexcept {
  for (std::size_t slot = slot_of(node); kIndex[slot] != 0; slot = (slot + 1) % kSlots) {
    const auto* const first = kFields.data() + kIndex[slot] - 1;
    if (first->node != node) continue;
    const auto* last = first;
    while (last != kFields.data() + kFields.size() && last->node == node) ++last;
    return {first, last};
  }
  return {};
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
