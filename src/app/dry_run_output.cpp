// What a dry run has shown, for people and for programs.
#include <nlohmann/json.hpp>

#include "app/dry_run_command.hpp"
#include "app/text_table.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::json;  // its keys are sorted
using shadow::LockMode;
using shadow::RelationFacts;

std::string kind_of(char relkind) {
  switch (relkind) {
    case 'r':
    case 'p': return "table";
    case 'i':
    case 'I': return "index";
    case 'v': return "view";
    case 'm': return "materialized view";
    case 'S': return "sequence";
    case 'c': return "type";
    default: return "relation";
  }
}

std::vector<std::string> locks_of(const RelationFacts& relation) {
  std::vector<std::string> names;
  for (int mode = 0; mode <= static_cast<int>(LockMode::access_exclusive); ++mode) {
    if (relation.locks.has(static_cast<LockMode>(mode)))
      names.emplace_back(name(static_cast<LockMode>(mode)));
  }
  return names;
}

std::string what_becomes(const RelationFacts& relation) {
  std::vector<std::string> words;
  if (relation.is_new) words.emplace_back("new");
  if (relation.is_gone) words.emplace_back("dropped");
  if (relation.is_rewritten) words.emplace_back("written anew");
  if (relation.is_scanned) words.emplace_back("read whole");
  const auto rows = [&](std::uint64_t count, const char* done) {
    if (count > 0) words.push_back(std::to_string(count) + " " + done);
  };
  rows(relation.inserted, "inserted");
  rows(relation.updated, "updated");
  rows(relation.deleted, "deleted");
  return joined(words);
}

std::string table_of(const std::vector<RelationFacts>& relations) {
  std::vector<std::vector<std::string>> rows = {{"relation", "kind", "strongest lock", "what becomes of it"}};
  for (const auto& relation : relations) {
    rows.push_back({printable(relation.schema + "." + relation.name), kind_of(relation.kind),
                    relation.locks.empty() ? "" : std::string(name(relation.locks.strongest())),
                    what_becomes(relation)});
  }
  return to_table(rows);
}

std::string list_of(const std::string& heading, const std::vector<std::string>& items) {
  constexpr std::size_t kMost = 20;
  if (items.empty()) return {};
  std::string text = "\n" + heading + "\n";
  for (std::size_t i = 0; i < items.size() && i < kMost; ++i) text += "  " + printable(items[i]) + "\n";
  if (items.size() > kMost) text += "  and " + std::to_string(items.size() - kMost) + " more\n";
  return text;
}

// By a made-up row: SQLSTATE classes 22, data exception, and 23, integrity constraint violation.
bool hangs_on_rows(const base::Error& failure) {
  return failure.code.view().starts_with("22") || failure.code.view().starts_with("23");
}

std::string failure_text(const base::Error& failure) {
  std::string text =
      "would fail: " + std::string(failure.code.view()) + " " + printable(failure.message) + "\n";
  if (!failure.detail.empty()) text += "  detail: " + printable(failure.detail) + "\n";
  if (!failure.hint.empty()) text += "  hint: " + printable(failure.hint) + "\n";
  if (hangs_on_rows(failure))
    text += "  That hangs on the rows, and the copy's are made up: production's may pass.\n";
  return text;
}

Json json_of(const RelationFacts& relation) {
  return {{"schema", relation.schema},
          {"name", relation.name},
          {"kind", kind_of(relation.kind)},
          {"locks", locks_of(relation)},
          {"new", relation.is_new},
          {"dropped", relation.is_gone},
          {"rewritten", relation.is_rewritten},
          {"scanned", relation.is_scanned},
          {"inserted", relation.inserted},
          {"updated", relation.updated},
          {"deleted", relation.deleted}};
}

std::string text_of(const Attempt& attempt) {
  std::string text = "\n" + printable(attempt.sql) + "\n";
  if (attempt.not_tried) return text + "not tried out: " + printable(attempt.not_tried->message) + "\n";
  const auto& facts = attempt.facts;
  if (facts.failure) return text + failure_text(*facts.failure);
  text += "would run: " + printable(facts.tag) + "\n";
  return text + (facts.relations.empty() ? "It locks nothing.\n" : "\n" + table_of(facts.relations));
}

Json json_of(const base::Error& error) {
  return {{"sqlstate", error.code.view()},
          {"message", error.message},
          {"detail", error.detail},
          {"hint", error.hint}};
}

Json json_of(const Attempt& attempt) {
  Json json = {{"statement", attempt.sql}, {"tried_in_us", attempt.tried_in.count()}};
  if (attempt.not_tried) {
    json["outcome"] = "not tried";
    json["error"] = json_of(*attempt.not_tried);
  } else if (attempt.facts.failure) {
    json["outcome"] = "error";
    json["error"] = json_of(*attempt.facts.failure);
    json["hangs_on_rows"] = hangs_on_rows(*attempt.facts.failure);
  } else {
    json["outcome"] = "ok";
    json["tag"] = attempt.facts.tag;
    json["relations"] = Json::array();
    for (const auto& relation : attempt.facts.relations) json["relations"].push_back(json_of(relation));
  }
  return json;
}

// The copy is as production but for its rows.
bool is_whole(const TriedOut& tried_out) {
  return tried_out.left_out.empty() && tried_out.without_row.empty();
}

}  // namespace

std::string to_text(const TriedOut& tried_out, const std::string& role) {
  std::string text = "tried out as " + printable(role) +
                     " on a copy of the schema without its rows, PostgreSQL " +
                     std::to_string(tried_out.server_version / 10'000) + ", made in " +
                     std::to_string(tried_out.build_time.count()) + " ms\n";
  for (const auto& attempt : tried_out.attempts) text += text_of(attempt);
  text += list_of("The copy lacks, so that production may answer otherwise:", tried_out.left_out);
  text += list_of("Tables that hold rows there and none here:", tried_out.without_row);
  return text +
         "\nLocks and what is written anew are measured; each table that holds rows held one made-up row.\n"
         "Whether the rows of production pass, and how long it takes, is not known from this.\n";
}

std::string to_json(const TriedOut& tried_out, const std::string& role) {
  std::string lines;
  for (const auto& attempt : tried_out.attempts) {
    Json json = json_of(attempt);
    json["role"] = role;
    json["server_version"] = tried_out.server_version;
    json["confidence"] = is_whole(tried_out) ? "measured" : "incomplete";
    json["left_out"] = tried_out.left_out;
    json["without_row"] = tried_out.without_row;
    lines += json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  return lines;
}

}  // namespace portcullis::app
