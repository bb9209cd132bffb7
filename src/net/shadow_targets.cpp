// Shadow, statements that are tried out on rows of production. They are in a database that is thrown away,
// and nowhere else.
#include <algorithm>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "net/shadow_builder.hpp"
#include "net/shadow_parts.hpp"
#include "net/throw_away.hpp"
#include "shadow/quote.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using shadow::literal;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

// What is loaded runs checks and index expressions, which may be anybody's code: all that is loaded at once
// has so long, and others wait for their dry runs meanwhile.
constexpr milliseconds kLoadTime{10'000};
constexpr base::SqlState kForeignKey{"23503"};

Error not_loaded(const Error& why) {
  return {base::sqlstate::feature_not_supported,
          "the copy does not take its rows: SQLSTATE " + std::string(why.code.view())};
}

// Its words may be those of code that has seen the rows.
Error not_tried(const Error& why) {
  return {base::sqlstate::feature_not_supported,
          "it could not be tried out on them: SQLSTATE " + std::string(why.code.view())};
}

using Owners = std::map<shadow::TableName, std::string>;
using Names = std::vector<shadow::TableName>;

std::string owners_query(const Names& tables) {
  std::string names;
  for (const auto& [schema, name] : tables)
    names += (names.empty() ? "(" : ", (") + literal(schema) + ", " + literal(name) + ")";
  return "SELECT n.nspname, c.relname, pg_get_userbyid(c.relowner), "
         "EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = ANY (parts.of) AND NOT t.tgisinternal AND "
         "t.tgenabled IN ('A', 'R')) OR EXISTS (SELECT FROM pg_rewrite r WHERE r.ev_class = ANY (parts.of) "
         "AND "
         "r.ev_enabled IN ('A', 'R')) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace CROSS "
         "JOIN "
         "LATERAL (SELECT c.oid || coalesce(array_agg(relid::oid), '{}') FROM pg_partition_tree(c.oid)) "
         "parts(of) "
         "WHERE (n.nspname, c.relname) IN (" +
         names + ")";
}

// Triggers and rules that fire whatever the session's role is would load other rows than production has.
Result<Owners> owners_of(ShadowConnection& connection, const Names& tables) {
  const auto rows = connection.ask(owners_query(tables));
  if (!rows) return rows.error();
  Owners owners;
  for (const auto& row : *rows) {
    const auto name = cell(row, 0) + "." + cell(row, 1);
    if (cell(row, 3) != "f") {
      return Error{
          base::sqlstate::feature_not_supported,
          name + " has triggers or rules that are enabled ALWAYS or as REPLICA, and change what is loaded"};
    }
    owners[{cell(row, 0), cell(row, 1)}] = cell(row, 2);
  }
  for (const auto& [schema, name] : tables) {
    if (!owners.contains({schema, name}))
      return Error{base::sqlstate::feature_not_supported, "the copy has no table " + schema + "." + name};
  }
  return owners;
}

using Statements = std::map<std::string, std::vector<std::string>>;  // by who runs them

// Each by itself, so that an owner's code can read what was loaded before, but for all tables or for none.
Result<void> load_as_owner(ShadowConnection& connection, const std::vector<std::string>& statements,
                           steady_clock::time_point until) {
  const auto run = [&](const std::string& sql) -> Result<void> {
    const auto left = std::chrono::duration_cast<milliseconds>(until - steady_clock::now());
    if (left <= milliseconds(0)) return not_loaded({base::sqlstate::query_canceled, "no time is left"});
    if (const auto ran = connection.ask(sql, left); !ran) return not_loaded(ran.error());
    return {};
  };
  if (const auto begun = run("BEGIN; " + shadow::exact_settings()); !begun) return begun;
  for (const auto& sql : statements) {
    if (const auto loaded = run(sql); !loaded) return loaded;
  }
  return run("COMMIT");
}

// Keys that rows refer to are not looked up, but actions of foreign keys run. The letters are PostgreSQL's
// for triggers that fire in ordinary sessions, and in those of replication alone.
std::string checking_keys(bool is_on) {
  const std::string from = is_on ? "R" : "O", to = is_on ? "O" : "R";
  return "UPDATE pg_catalog.pg_trigger SET tgenabled = '" + to + "' WHERE tgisinternal AND tgenabled = '" +
         from + "' AND tgfoid IN ('\"RI_FKey_check_ins\"'::regproc, '\"RI_FKey_check_upd\"'::regproc)";
}

}  // namespace

// As the owner of each table: what runs then has the rights that it has in production, and none else. All are
// emptied before any is filled, for one may be a part of another.
Result<void> Shadow::load(const ThrowAway& made, const std::vector<shadow::TableName>& emptied,
                          const std::vector<shadow::TableRows>& tables) {
  auto names = emptied;
  for (const auto& rows : tables) names.push_back(rows.table);
  if (names.empty()) return {};
  const auto looking =
      ShadowConnection::open(server_->address(), server_->admin(made.name()), ServerConnection::to_look());
  if (!looking) return looking.error();
  const auto owners = owners_of(**looking, names);
  if (!owners) return owners.error();
  Statements emptying, filling;
  for (const auto& name : emptied) emptying[owners->at(name)].push_back(shadow::emptying(name));
  for (const auto& rows : tables) {
    auto sql = shadow::loading(rows);
    std::move(sql.begin(), sql.end(), std::back_inserter(filling[owners->at(rows.table)]));
  }
  if (const auto quiet = made.be_quiet(true); !quiet) return quiet;
  const auto until = steady_clock::now() + kLoadTime;
  for (const auto* statements : {&emptying, &filling}) {
    for (const auto& [owner, sql] : *statements) {
      const auto connection = log_in(owner, made.name());
      if (!connection) return connection.error();
      if (const auto loaded = load_as_owner(**connection, sql, until); !loaded) return loaded;
    }
  }
  return made.be_quiet(false);
}

// The statement runs with its keys unguarded, and what it did is undone: by then each row that it or a
// foreign key's action has changed refers to what it will refer to.
Result<Shadow::WantedKeys> Shadow::look_at_keys(const ThrowAway& made, const std::string& role,
                                                const shadow::RunPlan& plan, const shadow::TargetRows& rows) {
  const auto admin =
      ShadowConnection::open(server_->address(), server_->admin(made.name()), server_->parameters());
  if (!admin) return admin.error();
  if (const auto unguarded = (*admin)->ask(checking_keys(false)); !unguarded) return unguarded.error();
  auto connection = log_in(role, made.name());
  if (!connection) return connection.error();
  const auto ran = [&](const auto&... asked) { return (*connection)->ask(asked..., kLoadTime); };
  auto done = ran(shadow::opening_of(plan));
  if (done) done = ran(plan.statement, plan.parameters.value_or(shadow::Parameters{}));
  if (done) done = ran(shadow::exact_settings());
  WantedKeys wanted;
  for (const auto& reference : rows.references) {
    if (done) done = ran(shadow::keys_query(reference));
    if (done && !done->empty()) wanted.keys.emplace_back(&reference, std::move(*done));
  }
  connection->reset();
  if (const auto guarded = (*admin)->ask(checking_keys(true)); !guarded) return guarded.error();
  // What refers to a key that goes bars it again; by anything else it may fail before or behind its keys.
  if (!done && done.error().code != kForeignKey)
    wanted.why = "without them it fails by SQLSTATE " + std::string(done.error().code.view());
  return wanted;
}

// Why what its rows will refer to is not known to be there; empty: it is, as far as production has it.
Result<std::string> Shadow::load_parents(const ThrowAway& made, const std::string& role,
                                         const shadow::RunPlan& plan, const shadow::TargetRows& rows,
                                         const ParentReading& parents) {
  if (rows.references.empty()) return std::string();
  const auto wanted = look_at_keys(made, role, plan, rows);
  if (!wanted) return wanted.error();
  if (!wanted->why.empty()) return wanted->why;
  std::vector<shadow::TableRows> found;
  for (const auto& [reference, keys] : wanted->keys) {
    auto read = parents(*reference, keys);
    if (!read) return read.error().message;
    found.push_back(std::move(*read));
  }
  const auto loaded = load(made, {}, found);
  if (loaded) return std::string();
  if (const auto loud = made.be_quiet(false); !loud) return loud.error();
  return loaded.error().message;
}

Result<void> Shadow::takes_rows() const {
  if (!options_.given) return {};
  return Error{base::sqlstate::feature_not_supported,
               "a server that was given for copies takes no rows, for its log may quote them"};
}

Result<shadow::RunFacts> Shadow::try_out_on(const std::string& role, const shadow::RunPlan& plan,
                                            const shadow::TargetQuestion& question,
                                            const shadow::TargetRows& rows, const ParentReading& parents) {
  shadow::RunFacts facts;
  const auto fail = [](const Error& error) {
    return Result<shadow::RunFacts>(boost::system::in_place_error, error);
  };
  const auto ran = with_throw_away(with_rows_, [&](ThrowAway& made) -> Result<void> {
    if (const auto loaded = load(made, rows.emptied, rows.tables); !loaded) return loaded;
    const auto keys_unknown = load_parents(made, role, plan, rows, parents);
    if (!keys_unknown) return keys_unknown.error();
    const auto opened = log_in(role, made.name());
    if (!opened) return opened.error();
    const auto tried = (*opened)->try_out(plan, with_rows_.baseline, facts);
    shadow::hide_values(facts, question.runs_code, *keys_unknown);
    if (!tried) return not_tried(tried.error());
    return {};
  });
  if (!ran) return fail(ran.error());
  if (facts.failure || question.runs_code || has_changed_all(rows, facts)) return facts;
  return fail({base::sqlstate::feature_not_supported, "in the copy it changes fewer rows than it would"});
}

}  // namespace portcullis::net
