// The model of a server, what it answers to the gate itself: under names that no client can know, the
// questions that a gate asks between two requests of its client, and those around a message whose rows it
// counts.
#include <utility>

#include "model_server.hpp"

namespace portcullis::fuzz {
namespace {

constexpr std::string_view kTable = "20000", kExplain = "EXPLAIN (FORMAT JSON) ";

}  // namespace

void ModelServer::parse_own(std::string_view name, std::string_view text) {
  if (text.starts_with("PORTCULLIS_STOPPED")) return fail("42601");
  const bool ends_block = text.starts_with("COMMIT") || text.starts_with("ROLLBACK");
  if (session_.status() == 'E' && !ends_block) return fail("25P02");
  own_[std::string(name)] = text;
  put(wire::backend_type::parse_complete);
}

void ModelServer::run_own(std::string_view name) {
  const std::string text = own_[std::string(name)];
  own_runs_ = true;
  const bool may_fail = name == kOwnName ? session_.status() == 'I' : text != "ROLLBACK";
  const bool fails = std::exchange(own_fails_, false) && may_fail;
  // A COMMIT that fails has rolled back.
  if (text == "COMMIT") return run_own_control({fails ? Does::rollback : Does::commit}, fails);
  if (fails) return fail("57014", kOwnFailure);
  if (text.starts_with(kExplain)) return explain(std::string_view(text).substr(kExplain.size()));
  if (text == "BEGIN") return run_own_control({Does::begin}, false);
  if (text == "ROLLBACK") return run_own_control({Does::rollback}, false);
  if (text.starts_with("SET CONSTRAINTS")) session_.run_deferred();
  give_own_rows(text);
  complete("SELECT 1");
}

void ModelServer::explain(std::string_view text) {
  const auto* known = find_text(text);
  if (known == nullptr || known->parts.empty()) return fail("42601");
  const auto cost = session_.planned_cost(*known);
  if (cost == 0) return fail("26000");
  give_row_of({R"([{"Plan": {"Total Cost": )" + std::to_string(cost) + "}}]"});
  complete("EXPLAIN");
}

void ModelServer::run_own_control(const Part& part, bool fails) {
  const auto effect = session_.run(part, true);
  if (fails) return fail("57014", kOwnFailure);
  complete(effect.tag);
  (void)step();  // it is done: no cancel can hit it any more
}

void ModelServer::give_own_rows(std::string_view text) {
  const auto has = [&](std::string_view part) { return text.find(part) != text.npos; };
  const std::string counted = std::to_string(session_.counted());
  if (text.starts_with("SELECT pg_catalog.unnest(")) {
    give_row_of({"pg_catalog"});
    give_row_of({session_.search_path()});
  } else if (text.starts_with("SELECT n, pg_catalog.current_setting(")) {
    give_row_of({"role", "none"});
    give_row_of({"search_path", session_.search_path()});
  } else if (text.starts_with("SELECT pg_catalog.current_setting('portcullis.")) {
    give_row_of({std::nullopt, std::nullopt, std::nullopt});
  } else if (has("transaction_isolation")) {
    give_row_of({"read committed"});
  } else if (has("tgdeferrable")) {
    give_row_of({session_.may_defer() ? "t" : "f"});
  } else if (text.starts_with("SELECT o.own") ||
             text.starts_with("SELECT pg_catalog.set_config('lock_timeout'")) {
    bound_locks(text);
  } else if (has("pg_relation_filenode") || has("numscans")) {
    // What a change of the schema has locked and stored: this server keeps no account of it.
  } else if (has("pg_catalog.pg_locks")) {
    if (session_.has_touched()) give_row_of({kTable, counted, "on", "r", "app", "t"});
  } else if (has("pg_stat_get_xact")) {
    const bool is_asked = has("unnest('{") ? has(kTable) : session_.counted() > 0;
    if (is_asked) give_row_of({kTable, counted});
  }
}

}  // namespace portcullis::fuzz
