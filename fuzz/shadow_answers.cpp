// What a shadow's server, in which others' code runs, can make the gate believe: whatever it answers, there
// are facts only of a run that came to its end in order. And of what production answers on sizes and locks,
// there is a forecast only of what was asked for. The first byte of an input says in what pieces the
// others come, and to whom.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "shadow/copy_queries.hpp"
#include "shadow/dry_run.hpp"
#include "shadow/forecast.hpp"
#include "shadow/probes.hpp"
#include "shadow/safer_form.hpp"
#include "shadow/script.hpp"

namespace shadow = portcullis::shadow;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

// What it asks for grows with what it is told only by its own questions.
template <class Machine>
typename Machine::Next give(Machine& machine, std::string_view bytes, std::size_t piece) {
  using Next = typename Machine::Next;
  std::string held;
  Next next = Next::read;
  for (std::size_t at = 0; at < bytes.size() && next == Next::read; at += piece) {
    held += bytes.substr(at, piece);
    std::size_t consumed = 0;
    next = machine.on_bytes(held, consumed);
    require(consumed <= held.size());
    held.erase(0, consumed);
    (void)machine.take_out();
  }
  return next;
}

// Fields end at a tab, rows at a line's end, a lone tilde is NULL.
std::vector<shadow::Row> rows_in(std::string_view bytes) {
  std::vector<shadow::Row> rows(1, shadow::Row(1, ""));
  for (const char c : bytes) {
    auto& field = rows.back().back();
    if (c == '\n') {
      rows.emplace_back(1, "");
    } else if (c == '\t') {
      rows.back().emplace_back("");
    } else if (field) {
      field->push_back(c);
    }
    if (rows.back().back() == "~") rows.back().back().reset();
  }
  return rows;
}

// Whatever the catalog says of a table, what is asked of production is one SELECT, and a safer form has
// steps.
void ask_of(std::string_view bytes) {
  const auto half = bytes.find('\0');
  shadow::Shapes before, after;
  if (!shadow::read_shapes(rows_in(bytes.substr(0, half)), {1299}, before)) return;
  if (half == std::string_view::npos || !shadow::read_shapes(rows_in(bytes.substr(half + 1)), {1299}, after))
    return;
  shadow::settle_not_null(after);
  shadow::RunFacts facts;
  facts.tag = "ALTER TABLE";
  facts.changes = shadow::changes_between(before, after);
  for (const auto& table : facts.changes) {
    auto& relation = facts.relations.emplace_back();
    relation.schema = table.before.schema;
    relation.name = table.before.name;
    relation.is_scanned = true;
  }
  for (const auto& probe : shadow::probes_of(facts, bytes)) {
    require(probe.sql.empty() ? !probe.why.empty() : probe.sql.starts_with("SELECT 1 FROM "));
    require(probe.answer == shadow::Probe::Answer::unknown);
  }
  const auto form = shadow::safer_form(facts, "ALTER TABLE t");
  require(!form || (!form->steps.empty() && !form->why.empty()));
}

void run_dry(std::string_view bytes, std::size_t piece) {
  const shadow::Baseline baseline;
  shadow::Counters counters;
  shadow::RunPlan plan;
  plan.statement = "ALTER TABLE t ADD COLUMN n integer";
  plan.role = "agent";
  if (piece % 2 == 0) plan.earlier = {"CREATE TABLE u (n integer)"};
  if (piece % 3 == 0) {
    plan.outside.emplace();
    plan.outside->kind = static_cast<shadow::Outside::Kind>(piece % 8);
    plan.outside->relations = {{{}, "app", "t"}};
  }
  shadow::DryRun run(plan, baseline, counters);
  const auto next = give(run, bytes, piece);
  if (next == shadow::DryRun::Next::failed) require(!run.failure().message.empty());
  if (next == shadow::DryRun::Next::done && run.facts().failure) require(run.facts().relations.empty());
}

void run_script(std::string_view bytes, std::size_t piece) {
  shadow::Script script({"one", "two", "three"});
  const auto next = give(script, bytes, piece);
  if (next == shadow::Script::Next::failed) require(!script.failure().message.empty());
  for (const auto& one : script.failures()) require(one.statement < 3);
}

// Lines are rows, 0x1f ends their fields but the last, "\\N" is NULL.
std::vector<shadow::Row> rows_of(std::string_view bytes) {
  std::vector<shadow::Row> rows(1);
  std::string field;
  const auto end_field = [&] {
    rows.back().push_back(field == "\\N" ? std::nullopt : std::optional(field));
    field.clear();
  };
  for (const char c : bytes) {
    if (c != '\n' && c != '\x1f') {
      field += c;
      continue;
    }
    end_field();
    if (c == '\n') rows.emplace_back();
  }
  if (!field.empty()) end_field();
  if (rows.back().empty()) rows.pop_back();
  return rows;
}

void forecast(std::string_view bytes) {
  shadow::RunFacts facts;
  facts.tag = "ALTER TABLE";
  for (const char kind : {'r', 'i', 'p', 'r'}) {
    auto& relation = facts.relations.emplace_back();
    relation.schema = "app";
    relation.name = "t" + std::to_string(facts.relations.size());
    relation.kind = kind;
    relation.locks.add(shadow::LockMode::share_row_exclusive);
    relation.is_scanned = true;
  }
  facts.relations.back().is_new = true;
  const auto read = shadow::read_forecast(rows_of(bytes), facts);
  if (!read) return require(!read.error().message.empty());
  require(read->relations.size() == 3);
  for (const auto& relation : read->relations) {
    require(relation.holders.size() <= shadow::kMostHolders);
    require(relation.is_found || relation.holders.empty());
    require(relation.is_found || !read->duration);
    for (const auto& holder : relation.holders) require(relation.locks.conflicts_with(holder.mode));
  }
  constexpr std::size_t kMostLines = 100;
  const auto lines = shadow::in_words(*read);
  require(!lines.empty() && lines.size() < kMostLines);
  require(!shadow::to_json(*read).empty());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t piece = 1 + data[0] / 4u;
  const std::string_view bytes{reinterpret_cast<const char*>(data + 1), size - 1};
  switch (data[0] % 5) {
    case 0: run_script(bytes, piece); break;
    case 1: {
      const auto contents = shadow::contents_of(bytes, {"wide"});
      require(contents.to_restore.size() <= bytes.size() + 1);
      (void)shadow::not_restored(bytes);
      break;
    }
    case 2: run_dry(bytes, piece); break;
    case 3: forecast(bytes); break;
    default: ask_of(bytes); break;
  }
  return 0;
}
