#include "audit/line_edit.hpp"

#include <algorithm>

namespace portcullis::audit {
namespace {

// With the quotes of a string.
std::size_t begin_of(const JsonLine::Value& value) {
  return value.begin - (value.kind == JsonLine::Kind::string ? 1u : 0u);
}
std::size_t end_of(const JsonLine::Value& value) {
  return value.end + (value.kind == JsonLine::Kind::string ? 1u : 0u);
}

}  // namespace

LineEdit& LineEdit::set(std::string_view key, std::string_view value) {
  if (const auto* member = json_.find(json_.root(), key)) {
    changes_.push_back({begin_of(*member), end_of(*member), std::string(value)});
    return *this;
  }
  const std::string added = '"' + std::string(key) + "\":" + std::string(value);
  for (const auto* member = json_.first_child(json_.root()); member != nullptr;
       member = json_.next(*member)) {
    if (json_.key(*member) < key) continue;
    const std::size_t at = member->key_begin - 1;
    changes_.push_back({at, at, added + ','});
    return *this;
  }
  changes_.push_back({line_.size() - 1, line_.size() - 1, ',' + added});
  return *this;
}

LineEdit& LineEdit::remove(std::string_view key) {
  const auto* member = json_.find(json_.root(), key);
  if (member != nullptr)
    changes_.push_back({member->key_begin - 2, end_of(*member), {}});  // from its comma on
  return *this;
}

std::string LineEdit::text() const {
  auto changes = changes_;
  std::stable_sort(changes.begin(), changes.end(),
                   [](const Change& a, const Change& b) { return a.begin < b.begin; });
  std::string out;
  std::size_t at = 0;
  for (const Change& change : changes) {
    out.append(line_.substr(at, change.begin - at)).append(change.with);
    at = change.end;
  }
  return out.append(line_.substr(at));
}

}  // namespace portcullis::audit
