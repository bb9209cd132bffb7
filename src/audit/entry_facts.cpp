#include "audit/entry_facts.hpp"

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

std::uint64_t count(const EntryReader& entry, std::string_view key) {
  return static_cast<std::uint64_t>(entry.number(key).value_or(0));
}

}  // namespace

void FactStore::clear() {
  texts_.clear();
  declarations_.clear();
}

EntryFacts FactStore::facts_of(const EntryReader& entry) {
  EntryFacts facts{.type = entry.type(),
                   .ends_batch = entry.ends_batch(),
                   .index = entry.index(),
                   .micros = entry.micros()};
  switch (entry.type()) {
    case EntryType::decision: take_decision(entry, facts); break;
    case EntryType::outcome: take_outcome(entry, facts); break;
    case EntryType::segment:
    case EntryType::open:
    case EntryType::key:
    case EntryType::policy:
    case EntryType::config: facts.declaration = declare(entry); break;
    default: break;
  }
  const bool may_order = facts.type == EntryType::config || facts.type == EntryType::erase ||
                         facts.type == EntryType::hold || facts.type == EntryType::prune;
  if (may_order) facts.line = entry.line();
  if (const auto sealed = entry.sealing_key()) {
    facts.is_sealed = true;
    facts.epoch = sealed->epoch;
    facts.slot = sealed->slot;
  }
  return facts;
}

// Nearly always as it stands in the line.
std::string_view FactStore::text(const EntryReader& entry, std::string_view key) {
  if (const auto plain = entry.plain_text(key)) return *plain;
  std::string decoded = entry.text(key);
  return decoded.empty() ? std::string_view{} : texts_.emplace_back(std::move(decoded));
}

void FactStore::take_decision(const EntryReader& entry, EntryFacts& facts) {
  facts.session = count(entry, "session");
  facts.agent_seq = count(entry, "agent_seq");
  facts.agent = text(entry, "agent");
  facts.policy = text(entry, "policy");
  facts.is_forwarded = is_forwarded(text(entry, "verdict"));
  const std::string_view message = text(entry, "message");
  facts.is_bind = message == "Bind";
  facts.is_parse = message == "Parse";
}

void FactStore::take_outcome(const EntryReader& entry, EntryFacts& facts) {
  facts.session = count(entry, "session");
  facts.decision = count(entry, "decision");
  facts.is_suspended = text(entry, "result") == "suspended";
}

const Declaration* FactStore::declare(const EntryReader& entry) {
  Declaration& said = declarations_.emplace_back();
  switch (entry.type()) {
    case EntryType::segment:
    case EntryType::open:
      said.boot = entry.text("boot");
      said.names_key = entry.has("key");
      said.key = entry.text("key");
      said.heartbeat = entry.number("heartbeat").value_or(0);
      said.frontier = entry.hashes("frontier");
      break;
    case EntryType::key:
      said.old_key = entry.text("old");
      said.new_key = entry.text("new");
      break;
    default:
      said.hash = entry.text("hash");
      said.hash_holds = sha256_hex(entry.text("bytes")) == said.hash;
      break;
  }
  return &said;
}

}  // namespace portcullis::audit
