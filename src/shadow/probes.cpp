#include "shadow/probes.hpp"

#include <algorithm>

#include "shadow/quote.hpp"
#include "shadow/row_source.hpp"
#include "sql/lexer.hpp"

namespace portcullis::shadow {

using base::SqlState;

namespace {

constexpr SqlState kNotNull{"23502"}, kCheck{"23514"}, kUnique{"23505"}, kForeignKey{"23503"},
    kTooLong{"22001"}, kOutOfRange{"22003"}, kExclusion{"23P01"};
constexpr Oid kFirstOfUsers = 16384, kBlankPadded = 1042, kVarying = 1043, kBits = 1560, kVaryingBits = 1562;

// "t.note" in words.
std::string in_words(const Shape& shape) {
  return shape.schema + "." + shape.name;
}

bool has_word(std::string_view text, std::string_view word) {
  sql::Lexer lexer(text);
  for (auto lexeme = lexer.next(); lexeme.kind != sql::LexemeKind::end; lexeme = lexer.next()) {
    if (lexeme.kind != sql::LexemeKind::word || lexeme.text.size() != word.size()) continue;
    if (std::equal(word.begin(), word.end(), lexeme.text.begin(),
                   [](char a, char b) { return a == (b | 0x20); }))
      return true;
  }
  return false;
}

// Whatever the copy's catalog holds, this asks one thing.
bool is_one_statement(std::string_view text) {
  sql::Lexer lexer(text);
  for (auto lexeme = lexer.next(); lexeme.kind != sql::LexemeKind::end; lexeme = lexer.next()) {
    if (!lexeme.terminated || (lexeme.kind == sql::LexemeKind::symbol && lexeme.text == ";")) return false;
  }
  return text.find('\0') == std::string_view::npos;
}

class Asker {
 public:
  Asker(const TableChanges& table, const RunFacts& facts, bool has_using, std::vector<Probe>& probes)
      : table_(table), facts_(facts), has_using_(has_using), probes_(probes) {
    for (const auto& relation : facts.relations) {
      if (relation.schema != table.before.schema || relation.name != table.before.name) continue;
      is_read_ = relation.is_scanned || relation.is_rewritten;
    }
  }

  // The parts of a partitioned table answer for it.
  void ask_all() {
    if (table_.after.kind == 'p') return;
    for (const auto& column : table_.after.columns) ask_column(column);
    for (const auto& constraint : table_.after.constraints) ask_constraint(constraint);
    for (const auto& index : table_.after.indexes) ask_index(index);
    if (is_read_ && !table_.after.partition.empty() && table_.after.partition != table_.before.partition)
      ask_condition(numbers(), table_.after.partition, code_of_partition(table_.after.partition),
                    "belong to another partition");
  }

 private:
  std::vector<int> numbers() const {
    std::vector<int> all;
    for (const auto& column : table_.after.columns) all.push_back(column.number);
    return all;
  }
  bool any_changed(const std::vector<int>& columns) const {
    return std::any_of(columns.begin(), columns.end(),
                       [&](int number) { return is_changed(table_, number); });
  }
  std::string whose(const std::string& what) const {
    return "rows of " + in_words(table_.before) + " " + what;
  }

  Probe& add(std::string question, SqlState violated) {
    Probe& probe = probes_.emplace_back();
    probe.schema = table_.before.schema;
    probe.table = table_.before.name;
    probe.question = std::move(question);
    probe.violated = violated;
    probe.reads = {{probe.schema, probe.table}};
    return probe;
  }
  void add_unknown(std::string question, SqlState violated, std::string why) {
    add(std::move(question), violated).why = std::move(why);
  }
  // `tail` stands behind the rows with these columns.
  Probe& add_select(std::string question, SqlState violated, const std::vector<int>& columns,
                    const std::string& tail) {
    const auto source = rows_after(table_, columns, has_using_);
    Probe& probe = add(std::move(question), violated);
    probe.why = source.why_not;
    if (source.why_not.empty()) probe.sql = "SELECT 1 FROM " + source.sql + " " + tail;
    probe.is_computed = any_changed(columns);
    return probe;
  }

  void ask_column(const Column& column) {
    const Column* before = table_.before.column(column.number);
    if (before == nullptr && column.type_kind == 'd') return ask_domain(column);
    if (column.is_not_null && (before == nullptr || !before->is_not_null)) ask_not_null(column, before);
    if (!is_read_ || !is_changed(table_, column.number)) return;
    if (column.is_generated) return ask_value(column, column.value_code);
    if (before != nullptr) ask_type(column, *before);
  }

  // Of a domain every row of a new column has the same value, which one made-up row has shown already.
  void ask_domain(const Column& column) {
    if (!facts_.on_made_up_rows) return;
    ask_any_row("any row of " + in_words(table_.before) + ": what " + identifier(column.name) +
                    " is in it must be of the domain " + column.type,
                facts_.on_made_up_rows->code);
  }
  void ask_any_row(std::string question, SqlState violated) {
    add(std::move(question), violated).sql = "SELECT 1 FROM ONLY " + table_of(table_.before) + " LIMIT 1";
  }

  void ask_not_null(const Column& column, const Column* before) {
    const bool has_value = !column.value.empty() || column.is_identity;
    if (before == nullptr && !has_value) {
      return ask_any_row("any row of " + in_words(table_.before) + ": the new column " +
                             identifier(column.name) + " has no value for it",
                         kNotNull);
    }
    // What one made-up row got is what all get, or PostgreSQL's own functions make it.
    const bool is_given =
        before == nullptr && !column.is_generated && (column.is_identity || column.value_code != Code::known);
    if ((is_given && !facts_.on_made_up_rows) || (before != nullptr && !is_read_)) return;
    add_select(whose("whose " + column.name + " is null"), kNotNull, {column.number},
               "WHERE c." + identifier(column.name) + " IS NULL LIMIT 1");
  }

  void ask_value(const Column& column, Code code) {
    const auto question = whose("for which " + column.name + " cannot be computed");
    if (code != Code::known)
      return add_unknown(question, kOutOfRange, "it is computed by code that is not asked");
    add_select(question, kOutOfRange, {column.number},
               "HAVING pg_catalog.count(c." + identifier(column.name) + ") < 0")
        .is_computed = true;
  }

  // A cast to a length cuts what an assignment refuses, but for blanks at the end.
  void ask_type(const Column& column, const Column& before) {
    const auto question = whose("whose " + before.name + " is no " + column.type);
    const bool has_length = column.type_oid == kVarying || column.type_oid == kBlankPadded;
    const bool is_cut = column.type_oid == kBits || column.type_oid == kVaryingBits ||
                        (column.modifier >= 0 && column.type.ends_with("[]"));
    if (has_using_)
      return add_unknown(question, kOutOfRange,
                         "USING says how values are made, and the catalog does not keep it");
    if (column.type_oid >= kFirstOfUsers || before.type_oid >= kFirstOfUsers)
      return add_unknown(question, kOutOfRange, "the type is a user's, whose code is not run in production");
    if (is_cut) return add_unknown(question, kTooLong, "a cast would cut what the statement refuses");
    if (!has_length) return ask_value(column, Code::known);
    if (column.modifier < 4) return;
    Probe& probe = add(question, kTooLong);
    probe.sql = "SELECT 1 FROM ONLY " + table_of(table_.before) +
                " AS c WHERE pg_catalog.length(pg_catalog.rtrim(CAST(c." + identifier(before.name) +
                " AS pg_catalog.text))) > " + std::to_string(column.modifier - 4) + " LIMIT 1";
  }

  void ask_condition(const std::vector<int>& columns, const std::string& condition, Code code,
                     const std::string& what) {
    if (code == Code::foreign)
      return add_unknown(whose(what), kCheck, "code of a user's is not run in production");
    if (code == Code::changes)
      return add_unknown(whose(what), kCheck, "it does not answer the same each time");
    add_select(whose(what), kCheck, columns, "WHERE NOT (" + condition + ") LIMIT 1").is_computed = true;
  }

  void ask_constraint(const Constraint& constraint) {
    const Constraint* before = same_in(table_.before, constraint);
    const bool is_new = before == nullptr || !before->is_valid || before->definition != constraint.definition;
    if (!constraint.is_valid || (!is_new && !any_changed(constraint.columns))) return;
    if (constraint.kind == 'f') return ask_foreign_key(constraint);
    if (!is_read_) return;
    if (constraint.kind == 'c')
      ask_condition(constraint.columns, constraint.expression, constraint.code,
                    "that fail " + constraint.definition);
    if (constraint.kind == 'x')
      add_unknown(whose("that " + constraint.definition + " keeps apart"), kExclusion,
                  "exclusion constraints are not asked for");
  }

  void ask_foreign_key(const Constraint& key) {
    if (key.is_part || has_always_null(key)) return;
    const auto question = whose("without their row in " + key.referenced_schema + "." + key.referenced_name);
    if (key.match.empty())
      return add_unknown(question, kForeignKey,
                         "the key is compared by other operators than PostgreSQL's own equality");
    std::string all_filled, any_filled, any_empty;
    for (const int number : key.columns) {
      const Column* column = table_.after.column(number);
      if (column == nullptr) return add_unknown(question, kForeignKey, "its columns are not known");
      const auto value = "c." + identifier(column->name);
      all_filled += (all_filled.empty() ? "" : " AND ") + value + " IS NOT NULL";
      any_filled += (any_filled.empty() ? "" : " OR ") + value + " IS NOT NULL";
      any_empty += (any_empty.empty() ? "" : " OR ") + value + " IS NULL";
    }
    const std::string parent = std::string(key.referenced_kind == 'p' ? "" : "ONLY ") +
                               identifier(key.referenced_schema) + "." + identifier(key.referenced_name);
    const std::string is_lost = "NOT EXISTS (SELECT FROM " + parent + " AS p WHERE " + key.match + ")";
    const std::string condition = key.is_full
                                      ? "(" + any_filled + ") AND (" + any_empty + " OR " + is_lost + ")"
                                      : all_filled + " AND " + is_lost;
    add_select(question, kForeignKey, key.columns, "WHERE " + condition + " LIMIT 1")
        .reads.emplace_back(key.referenced_schema, key.referenced_name);
  }
  bool has_always_null(const Constraint& key) const {
    return !key.is_full && std::any_of(key.columns.begin(), key.columns.end(), [&](int number) {
      const Column* column = table_.after.column(number);
      return column != nullptr && table_.before.column(number) == nullptr && column->value.empty() &&
             !column->is_identity && column->type_kind != 'd';
    });
  }

  void ask_index(const Index& index) {
    const Index* before = same_in(table_.before, index);
    const bool is_new = before == nullptr || before->keys != index.keys ||
                        before->predicate != index.predicate || before->is_unique != index.is_unique ||
                        before->nulls_are_equal != index.nulls_are_equal;
    if (!is_read_ || (!is_new && !any_changed(index.columns))) return;
    const bool is_computed = index.has_expressions || !index.predicate.empty();
    if (!index.is_unique && !is_computed) return;
    if (index.is_unique && index.is_exclusion)
      return add_unknown(whose("that " + index.keys + " WITHOUT OVERLAPS keeps apart"), kExclusion,
                         "overlaps are not asked for");
    const auto question = index.is_unique ? whose("that are the same in " + index.keys)
                                          : whose("that cannot be in the index " + index.name);
    const SqlState violated = index.is_unique ? kUnique : kOutOfRange;
    if (index.code != Code::known)
      return add_unknown(question, violated,
                         "code or an order of a user's is in it, which is not run in production");
    std::string tail = index.predicate.empty() ? "" : "WHERE (" + index.predicate + ") ";
    if (!index.is_unique) {
      tail += "HAVING pg_catalog.count(ROW(" + index.keys + ")) < 0";
    } else {
      if (!index.nulls_are_equal) tail += (tail.empty() ? "WHERE " : "AND ") + index.keys_not_null;
      tail += " GROUP BY " + index.keys + " HAVING pg_catalog.count(*) > 1 LIMIT 1";
    }
    Probe& probe = add_select(question, violated, index.columns, tail);
    probe.is_computed = probe.is_computed || is_computed;
  }

  const TableChanges& table_;
  const RunFacts& facts_;
  bool has_using_;
  bool is_read_ = false;
  std::vector<Probe>& probes_;
};

bool explains(const Probe& probe, SqlState failure) {
  return probe.violated == failure || (probe.is_computed && failure.view().starts_with("22"));
}

// A domain's own rows are those of every table that has it, and no table's shape says so.
void ask_of_types(const RunFacts& facts, std::vector<Probe>& probes) {
  if (facts.tag != "ALTER DOMAIN" && facts.tag != "ALTER TYPE") return;
  for (const auto& relation : facts.relations) {
    if (!relation.is_scanned || relation.is_new) continue;
    Probe& probe = probes.emplace_back();
    probe.schema = relation.schema;
    probe.table = relation.name;
    probe.question =
        "rows of " + relation.schema + "." + relation.name + " that are not of the type any more";
    probe.why = "the type is a user's, whose code is not run in production";
  }
}

void ask_of_failure(const RunFacts& facts, std::vector<Probe>& probes) {
  if (!facts.on_made_up_rows) return;
  const auto& failure = *facts.on_made_up_rows;
  if (std::any_of(probes.begin(), probes.end(), [&](const auto& one) { return explains(one, failure.code); }))
    return;
  Probe& probe = probes.emplace_back();
  probe.question = "rows by which it fails as it did by made-up ones";
  probe.violated = failure.code;
  probe.why = failure.message;
}

}  // namespace

std::string_view name(Probe::Answer answer) noexcept {
  switch (answer) {
    case Probe::Answer::passes: return "passes";
    case Probe::Answer::violates: return "violates";
    case Probe::Answer::unknown: return "unknown";
  }
  return "unknown";
}

std::vector<Probe> probes_of(const RunFacts& facts, std::string_view plan_text) {
  std::vector<Probe> probes;
  if (facts.failure) return probes;
  const bool has_using = has_word(plan_text, "using");
  for (const auto& table : facts.changes) Asker(table, facts, has_using, probes).ask_all();
  ask_of_types(facts, probes);
  ask_of_failure(facts, probes);
  for (auto& probe : probes) {
    if (probe.sql.empty() || is_one_statement(probe.sql)) continue;
    probe.sql.clear();
    probe.why = "the copy's catalog holds what is no expression";
  }
  return probes;
}

Outlook outlook_of(const RunFacts& facts, const std::vector<Probe>& probes) {
  using Outcome = Outlook::Outcome;
  if (facts.failure) {
    const bool by_rows = facts.on_made_up_rows.has_value();
    return {by_rows ? Outcome::unknown : Outcome::fails, by_rows, facts.failure};
  }
  const auto first = [&](Probe::Answer answer) {
    return std::find_if(probes.begin(), probes.end(), [&](const auto& one) { return one.answer == answer; });
  };
  if (const auto found = first(Probe::Answer::violates); found != probes.end())
    return {Outcome::fails, true,
            base::Error{found->violated, "the database holds " + found->question, found->why}};
  if (const auto found = first(Probe::Answer::unknown); found != probes.end()) {
    return {Outcome::unknown, true,
            base::Error{found->violated, "the database may hold " + found->question, found->why}};
  }
  return {Outcome::runs, !probes.empty(), std::nullopt};
}

}  // namespace portcullis::shadow
