#include "app/audit_evidence.hpp"

#include <nlohmann/json.hpp>

#include "app/text_table.hpp"
#include "audit/format.hpp"
#include "audit/log_search.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::json;

// As the entries themselves say.
base::Result<std::string> origin_of(const std::filesystem::path& directory, const audit::ReadFacts& facts) {
  if (facts.is_empty) return std::string{};
  const auto log = audit::LogSearch::open(directory);
  if (!log) return log.error();
  const auto line = log->line_of(facts.as_of);
  if (!line) return line.error();
  audit::EntryReader entry;
  if (!*line || entry.read(**line)) return std::string{};
  std::string_view origin = entry.origin();
  if (origin.ends_with(audit::kVersionMark)) origin.remove_suffix(audit::kVersionMark.size());
  return std::string(origin);
}

std::string number(std::uint64_t value) {
  return std::to_string(value);
}

std::string bounds_text(const audit::ReadFacts& facts) {
  std::string text;
  if (facts.cut_short > 0)
    text += "note: of " + number(facts.cut_short) +
            " statements not all outcomes were waited for, since more than " + number(audit::kMostWaiting) +
            " waited at a time; ask for a shorter time or one agent\n";
  if (facts.forgotten > 0)
    text += "note: the logins of " + number(facts.forgotten) +
            " sessions were forgotten, since more were open at a time than are kept; their statements may be "
            "without owner\n";
  return text;
}

std::string note_text(const Evidence& evidence) {
  if (!evidence.note) return "no note: nobody has signed this log";
  const auto& note = evidence.note->note;
  std::string text = "note of " + number(note.size) + " entries, root " + audit::to_hex(note.root);
  if (note.origin != evidence.origin) return text + ", which is of another log: run portcullis audit verify";
  if (evidence.facts.as_of >= note.size)
    text += "; it does not cover the entries from " + number(note.size) + " on";
  return text + " (its signature is checked by portcullis audit verify)";
}

}  // namespace

void EvidenceBuilder::add(const audit::Statement& statement) {
  add(statement.leaf);
  for (const auto& outcome : statement.outcomes) add(outcome.leaf);
}

base::Result<Evidence> EvidenceBuilder::finish(const std::filesystem::path& directory, std::string query,
                                               const audit::ReadFacts& facts) const {
  Evidence evidence;
  auto origin = origin_of(directory, facts);
  if (!origin) return origin.error();
  auto note = audit::newest_note(directory);
  if (!note) return note.error();
  evidence.origin = std::move(*origin);
  evidence.note = std::move(*note);
  evidence.facts = facts;
  evidence.query = std::move(query);
  evidence.leaves = tree_.end();
  evidence.list_root = audit::to_hex(*tree_.root());
  return evidence;
}

std::string to_text(const Evidence& evidence) {
  const auto& facts = evidence.facts;
  if (facts.is_empty) return "the log has no entry\n";
  return bounds_text(facts) + "log: " + printable(evidence.origin) + ", as of entry " + number(facts.as_of) +
         "\n" + "read: " +
         (facts.scanned == 0
              ? "nothing is in that range"
              : "entries " + number(facts.first) + "-" + number(facts.last) + ", " + number(facts.scanned) +
                    " of them gone over, " + number(facts.matched) + " matched") +
         "\n" + "signed: " + printable(note_text(evidence)) + "\n" + "query: " + printable(evidence.query) +
         "\n" + "query SHA-256: " + audit::sha256_hex(evidence.query) + "\n" +
         "list root: " + evidence.list_root + " of " + number(evidence.leaves) + " entries\n";
}

std::string to_json_text(const Evidence& evidence) {
  const auto& facts = evidence.facts;
  Json value{{"origin", evidence.origin},
             {"as_of", facts.as_of},
             {"first", facts.first},
             {"last", facts.last},
             {"scanned", facts.scanned},
             {"matched", facts.matched},
             {"cut_short", facts.cut_short},
             {"sessions_forgotten", facts.forgotten},
             {"query", evidence.query},
             {"query_sha256", audit::sha256_hex(evidence.query)},
             {"list_entries", evidence.leaves},
             {"list_root", evidence.list_root}};
  if (evidence.note)
    value["note"] = {{"origin", evidence.note->note.origin},
                     {"size", evidence.note->note.size},
                     {"root", audit::to_hex(evidence.note->note.root)},
                     {"text", evidence.note->bytes}};
  return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace portcullis::app
