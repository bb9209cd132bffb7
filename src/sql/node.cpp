#include "sql/node.hpp"

#include <algorithm>

namespace portcullis::sql {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

void append(const element& value, const Field& field, std::vector<Node>& out) {
  object fields;
  array items;
  if (field.kind == FieldKind::message && value.get(fields) == simdjson::SUCCESS) {
    out.emplace_back(field.of, fields);
  } else if (field.kind == FieldKind::node) {
    if (const auto node = unwrap(value)) out.push_back(*node);
  } else if (field.kind == FieldKind::list && value.get(items) == simdjson::SUCCESS) {
    for (const element item : items) {
      if (const auto node = unwrap(item)) out.push_back(*node);
    }
  }
}

bool is_place(std::string_view key) {
  return key.ends_with("location") || key == "stmt_len" || key == "intoClause";
}

void write_meaning(const element& value, std::string& out);

void write_meaning(const object& fields, std::string& out) {
  out += '{';
  for (const auto [key, value] : fields) {
    if (is_place(key)) continue;
    out.append(key).append(":");
    write_meaning(value, out);
    out += ',';
  }
  out += '}';
}

void write_meaning(const element& value, std::string& out) {
  object fields;
  array items;
  if (value.get(fields) == simdjson::SUCCESS) return write_meaning(fields, out);
  if (value.get(items) != simdjson::SUCCESS) {
    out += simdjson::minify(value);
    return;
  }
  out += '[';
  for (const element item : items) {
    write_meaning(item, out);
    out += ',';
  }
  out += ']';
}

// {} or {"Type": {...}}.
bool is_wrapped_node(const element& value) {
  object outer;
  if (value.get(outer) != simdjson::SUCCESS || outer.size() > 1) return false;
  return outer.size() == 0 || (*outer.begin()).value.is_object();
}

// Whether the value has the JSON type, and for words the value, that the schema says.
bool fits(const element& value, const Field& field) {
  switch (field.kind) {
    case FieldKind::flag: return value.is_bool();
    case FieldKind::number: return value.is_int64() || value.is_uint64();
    case FieldKind::text: return value.is_string();
    case FieldKind::word: {
      std::string_view word;
      return value.get(word) == simdjson::SUCCESS && is_word_of(field.of, word);
    }
    case FieldKind::message: return value.is_object();
    case FieldKind::node: return is_wrapped_node(value);
    case FieldKind::list: break;
  }
  array items;
  if (value.get(items) != simdjson::SUCCESS) return false;
  return std::all_of(items.begin(), items.end(), is_wrapped_node);
}

}  // namespace

std::optional<Node> unwrap(element wrapped) noexcept {
  object outer;
  if (wrapped.get(outer) != simdjson::SUCCESS || outer.size() == 0) return std::nullopt;
  const auto first = *outer.begin();
  object fields;
  if (first.value.get(fields) != simdjson::SUCCESS) return std::nullopt;
  return Node{first.key, fields};
}

bool Node::has(std::string_view field) const noexcept {
  return fields_.at_key(field).error() == simdjson::SUCCESS;
}

std::string_view Node::text(std::string_view field) const noexcept {
  std::string_view value;
  return fields_.at_key(field).get(value) == simdjson::SUCCESS ? value : std::string_view{};
}

bool Node::flag(std::string_view field) const noexcept {
  bool value = false;
  return fields_.at_key(field).get(value) == simdjson::SUCCESS && value;
}

std::int64_t Node::number(std::string_view field) const noexcept {
  std::int64_t value = 0;
  return fields_.at_key(field).get(value) == simdjson::SUCCESS ? value : 0;
}

std::int32_t Node::location() const noexcept {
  const Field* const field = find_field(schema_, "location");
  if (field == nullptr || field->kind != FieldKind::number) return -1;
  return static_cast<std::int32_t>(number("location"));
}

std::optional<Node> Node::child(std::string_view name) const {
  element value;
  const Field* const field = find_field(schema_, name);
  if (field == nullptr || fields_.at_key(name).get(value) != simdjson::SUCCESS) return std::nullopt;
  if (field->kind == FieldKind::node) return unwrap(value);
  object fields;
  if (field->kind != FieldKind::message || value.get(fields) != simdjson::SUCCESS) return std::nullopt;
  return Node{field->of, fields};
}

std::vector<Node> Node::list(std::string_view name) const {
  std::vector<Node> nodes;
  element value;
  const Field* const field = find_field(schema_, name);
  if (field != nullptr && field->kind == FieldKind::list &&
      fields_.at_key(name).get(value) == simdjson::SUCCESS) {
    append(value, *field, nodes);
  }
  return nodes;
}

std::string Node::meaning() const {
  std::string text(type_);
  write_meaning(fields_, text);
  return text;
}

std::vector<Node> Node::children() const {
  return children_except({});
}

std::vector<Node> Node::children_except(std::span<const std::string_view> skipped) const {
  std::vector<Node> nodes;
  for (const auto [key, value] : fields_) {
    if (std::find(skipped.begin(), skipped.end(), key) != skipped.end()) continue;
    if (const Field* const field = find_field(schema_, key)) append(value, *field, nodes);
  }
  return nodes;
}

base::Result<void> Node::check_fields() const {
  if (schema_.empty()) return not_understood("a node \"" + std::string(type_) + '"');
  for (const auto [key, value] : fields_) {
    const Field* const field = find_field(schema_, key);
    if (field == nullptr || !fits(value, *field)) {
      return not_understood("the field \"" + std::string(key) + "\" of a node \"" + std::string(type_) + '"');
    }
  }
  return {};
}

base::Result<void> check_tree(const Node& root) {
  if (auto own = root.check_fields(); !own) return own;
  for (const Node& child : root.children()) {
    if (auto below = check_tree(child); !below) return below;
  }
  return {};
}

std::optional<std::vector<std::string>> strings_of(const std::vector<Node>& nodes) {
  std::vector<std::string> strings;
  for (const Node& node : nodes) {
    if (!node.is("String")) return std::nullopt;
    strings.emplace_back(node.text("sval"));
  }
  return strings;
}

std::optional<Name> name_of(const std::vector<std::string>& parts) {
  switch (parts.size()) {
    case 1: return Name{{}, {}, parts[0]};
    case 2: return Name{{}, parts[0], parts[1]};
    case 3: return Name{parts[0], parts[1], parts[2]};
    default: return std::nullopt;
  }
}

std::optional<Name> name_of(const std::vector<Node>& parts) {
  const bool strings =
      std::all_of(parts.begin(), parts.end(), [](const Node& part) { return part.is("String"); });
  if (!strings || parts.empty() || parts.size() > 3) return std::nullopt;
  Name name;
  name.name = parts.back().text("sval");
  if (parts.size() > 1) name.schema = parts[parts.size() - 2].text("sval");
  if (parts.size() > 2) name.database = parts.front().text("sval");
  return name;
}

Name relation_name(const Node& range_var) {
  return {std::string(range_var.text("catalogname")), std::string(range_var.text("schemaname")),
          std::string(range_var.text("relname"))};
}

bool says_only(const Node& range_var) {
  return !range_var.flag("inh");
}

base::Error not_understood(const std::string& what) {
  return {.code = base::sqlstate::feature_not_supported,
          .message = "not understood: " + what + "; write the statement in another way"};
}

}  // namespace portcullis::sql
