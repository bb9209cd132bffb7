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

namespace {

// What is loaded runs checks and index expressions, which may be anybody's code.
constexpr milliseconds kLoadTime{10'000};

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

Result<Owners> owners_of(ShadowConnection& connection, const std::vector<shadow::TableRows>& tables) {
  std::string names;
  for (const auto& rows : tables)
    names +=
        (names.empty() ? "(" : ", (") + literal(rows.table.first) + ", " + literal(rows.table.second) + ")";
  const auto rows = connection.ask(
      "SELECT n.nspname, c.relname, pg_catalog.pg_get_userbyid(c.relowner) FROM pg_catalog.pg_class c "
      "JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN (" +
      names + ")");
  if (!rows) return rows.error();
  Owners owners;
  for (const auto& row : *rows) owners[{cell(row, 0), cell(row, 1)}] = cell(row, 2);
  return owners;
}

// Each by itself, so that an owner's code can read what was loaded before, but for all tables or for none.
Result<void> load_as_owner(ShadowConnection& connection, const std::vector<std::string>& statements) {
  if (const auto begun = connection.ask("BEGIN; " + shadow::exact_settings(), kLoadTime); !begun)
    return not_loaded(begun.error());
  for (const auto& sql : statements) {
    if (const auto loaded = connection.ask(sql, kLoadTime); !loaded) return not_loaded(loaded.error());
  }
  if (const auto ended = connection.ask("COMMIT", kLoadTime); !ended) return not_loaded(ended.error());
  return {};
}

}  // namespace

// As the owner of each table: what runs then has the rights that it has in production, and none else.
Result<void> Shadow::load(const ThrowAway& made, const std::vector<shadow::TableRows>& tables,
                          shadow::Loading how) {
  if (tables.empty()) return {};
  const auto looking =
      ShadowConnection::open(server_->address(), server_->admin(made.name()), ServerConnection::to_look());
  if (!looking) return looking.error();
  const auto owners = owners_of(**looking, tables);
  if (!owners) return owners.error();
  std::map<std::string, std::vector<std::string>> statements;
  for (const auto& rows : tables) {
    const auto owner = owners->find(rows.table);
    if (owner == owners->end())
      return Error{base::sqlstate::feature_not_supported,
                   "the copy has no table " + rows.table.first + "." + rows.table.second};
    auto sql = shadow::loading(rows, how);
    std::move(sql.begin(), sql.end(), std::back_inserter(statements[owner->second]));
  }
  for (const auto& [owner, sql] : statements) {
    const auto connection = log_in(owner, made.name());
    if (!connection) return connection.error();
    if (const auto loaded = load_as_owner(**connection, sql); !loaded) return loaded;
  }
  return {};
}

// The statement runs with its keys unguarded, so that they are known, and what it did is undone. Why they are
// not known to be there; empty: they are, as far as production has them.
Result<std::string> Shadow::load_parents(const ThrowAway& made, const std::string& role,
                                         const shadow::RunPlan& plan, const shadow::TargetQuestion& question,
                                         const shadow::TargetRows& rows, const ParentReading& parents) {
  if (rows.references.empty()) return std::string();
  auto connection = log_in(role, made.name());
  if (!connection) return connection.error();
  const auto ran = [&](const auto&... asked) { return (*connection)->ask(asked..., kLoadTime); };
  // What it fails by it will fail by again.
  if (!ran(shadow::opening_of(plan)) ||
      !ran(plan.statement, plan.parameters.value_or(shadow::Parameters{})) || !ran(shadow::exact_settings()))
    return std::string();
  std::vector<std::pair<const shadow::TargetReference*, std::vector<shadow::Row>>> wanted;
  for (const auto& reference : rows.references) {
    auto keys = ran(shadow::keys_query(question, reference));
    if (!keys) return std::string("they could not be looked at in the copy");
    if (!keys->empty()) wanted.emplace_back(&reference, std::move(*keys));
  }
  connection->reset();
  std::set<shadow::TableName> loaded;
  for (const auto& table : rows.tables) loaded.insert(table.table);
  for (const auto& [reference, keys] : wanted) {
    const auto read = parents(*reference, keys);
    if (!read) return read.error().message;
    const auto how = loaded.insert(read->table).second ? shadow::Loading::instead : shadow::Loading::beside;
    if (const auto taken = load(made, {*read}, how); !taken) return taken.error().message;
  }
  return std::string();
}

Result<shadow::RunFacts> Shadow::try_out_on(const std::string& role, const shadow::RunPlan& plan,
                                            const shadow::TargetQuestion& question,
                                            const shadow::TargetRows& rows, const ParentReading& parents) {
  shadow::RunFacts facts;
  const auto fail = [](const Error& error) {
    return Result<shadow::RunFacts>(boost::system::in_place_error, error);
  };
  if (options_.given)
    return fail({base::sqlstate::feature_not_supported,
                 "a server that was given for copies takes no rows, for its log may quote them"});
  const auto ran = with_throw_away(with_rows_, [&](ThrowAway& made) -> Result<void> {
    if (const auto quiet = made.be_quiet(true); !quiet) return quiet;
    if (const auto loaded = load(made, rows.tables, shadow::Loading::instead); !loaded) return loaded;
    const auto keys_unknown = load_parents(made, role, plan, question, rows, parents);
    if (!keys_unknown) return keys_unknown.error();
    if (const auto loud = made.be_quiet(false); !loud) return loud;
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
