// The tables behind tree_schema.hpp, searched by halves.
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

}  // namespace

std::span<const Field> fields_of(std::string_view node) noexcept {
  const auto* const first = std::lower_bound(kFields.begin(), kFields.end(), node,
                                             [](const Field& f, std::string_view n) { return f.node < n; });
  const auto* last = first;
  while (last != kFields.end() && last->node == node) ++last;
  return {first, last};
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
