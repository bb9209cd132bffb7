#include "shadow/safer_form.hpp"

#include <algorithm>

#include "shadow/quote.hpp"
#include "sql/lexer.hpp"

namespace portcullis::shadow {

namespace {

using Kind = Change::Kind;

// ALTER TABLE with more than one action. What cannot be read counts as that.
bool does_several(std::string_view statement) {
  sql::Lexer lexer(statement);
  int depth = 0;
  for (auto lexeme = lexer.next(); lexeme.kind != sql::LexemeKind::end; lexeme = lexer.next()) {
    if (!lexeme.terminated) return true;
    if (lexeme.kind != sql::LexemeKind::symbol) continue;
    if (lexeme.text == "(" || lexeme.text == "[") ++depth;
    if (lexeme.text == ")" || lexeme.text == "]") --depth;
    if (lexeme.text == "," && depth == 0) return true;
  }
  return false;
}

// "CREATE UNIQUE INDEX i ON ..." as the server writes it.
std::string concurrently(std::string definition) {
  constexpr std::string_view kIndex = "INDEX ";
  const auto at = definition.find(kIndex);
  return at == std::string::npos ? std::string() : definition.insert(at + kIndex.size(), "CONCURRENTLY ");
}

std::string_view deferral_of(std::string_view definition) {
  for (const std::string_view tail : {" DEFERRABLE INITIALLY DEFERRED", " DEFERRABLE"}) {
    if (definition.ends_with(tail)) return tail;
  }
  return {};
}

class Writer {
 public:
  Writer(const TableChanges& table, const RunFacts& facts)
      : table_(table), alter_("ALTER TABLE " + table_of(table.before) + " ") {
    for (const auto& relation : facts.relations) {
      if (relation.schema == table.before.schema && relation.name == table.before.name) {
        is_read_ = relation.is_scanned;
        is_rewritten_ = relation.is_rewritten;
        is_locked_ = relation.locks.has(LockMode::access_exclusive);
      }
      makes_sequence_ = makes_sequence_ || (relation.is_new && relation.kind == 'S');
    }
  }

  std::optional<SaferForm> index() {
    if (table_.list.size() != 1 || table_.list.front().kind != Kind::index_added) return std::nullopt;
    form_.why = "the index is built while others write";
    add_index(table_.list.front().definition);
    return std::move(form_);
  }

  // By what is changed; a change of another kind has no form here.
  std::optional<SaferForm> alteration() {
    if (makes_sequence_ || table_.after.kind != 'r') return std::nullopt;
    for (const auto& change : table_.list) {
      const bool is_done = change.kind == Kind::column_added       ? add_column(change.name)
                           : change.kind == Kind::column_changed   ? fill_column(change.name)
                           : change.kind == Kind::constraint_added ? add_constraint(change.name)
                                                                   : is_validated_instead(change);
      if (!is_done) return std::nullopt;
    }
    if (!is_safer_) return std::nullopt;
    return std::move(form_);
  }

 private:
  void add(std::string sql, std::string why, std::string stand_in = {}) {
    form_.steps.push_back({std::move(sql), std::move(why), std::move(stand_in)});
  }
  void be_safer(std::string why) {
    is_safer_ = true;
    if (form_.why.empty()) form_.why = std::move(why);
  }
  void add_index(const std::string& definition) {
    add(concurrently(definition),
        "SHARE UPDATE EXCLUSIVE by rule: reads and writes go on; it cannot run in a transaction, waits for "
        "older ones "
        "and leaves an invalid index where it fails",
        definition);
  }

  const Column* column_named(const Shape& shape, const std::string& name) const {
    const auto found = std::find_if(shape.columns.begin(), shape.columns.end(),
                                    [&](const auto& one) { return one.name == name; });
    return found == shape.columns.end() ? nullptr : &*found;
  }

  bool add_column(const std::string& name) {
    const Column* column = column_named(table_.after, name);
    if (column == nullptr || column->is_generated || column->is_identity || column->type_kind == 'd')
      return false;
    if (!is_rewritten_) {
      add(alter_ + "ADD COLUMN " + definition_of(*column), "no row is read or written");
      return true;
    }
    if (column->value_code == Code::known) return false;
    const std::string quoted = identifier(name);
    be_safer("the rows that are there get their value in batches instead of under one lock");
    add(alter_ + "ADD COLUMN " + quoted + " " + column->type, "no row is read or written");
    add(alter_ + "ALTER COLUMN " + quoted + " SET DEFAULT " + column->value,
        "for rows that come from now on");
    add({}, "fill the rows that are there, some thousands in each transaction: UPDATE " +
                table_of(table_.before) + " SET " + quoted + " = DEFAULT WHERE " + quoted +
                " IS NULL AND ... (a range of the key)");
    if (column->is_not_null) prove_filled(name);
    return true;
  }

  // SET NOT NULL and nothing else.
  bool fill_column(const std::string& name) {
    const Column* column = column_named(table_.after, name);
    const Column* before = column == nullptr ? nullptr : table_.before.column(column->number);
    if (before == nullptr || before->is_not_null) return false;
    Column same = *before;
    same.is_not_null = true;
    if (!(same == *column)) return false;
    if (!is_read_) return true;
    be_safer("rows are read while others write, and not under ACCESS EXCLUSIVE");
    if (const Constraint* unproven = unproven_not_null(column->number)) {
      validate(identifier(unproven->name));
    } else {
      prove_filled(name);
    }
    return true;
  }

  // Of PostgreSQL 18: what SET NOT NULL proves by the way. Null: there is none.
  const Constraint* unproven_not_null(int number) const {
    const auto& all = table_.before.constraints;
    const auto found = std::find_if(all.begin(), all.end(), [&](const auto& one) {
      return one.kind == 'n' && !one.is_valid && one.columns == std::vector<int>{number};
    });
    return found == all.end() ? nullptr : &*found;
  }
  // VALIDATE CONSTRAINT itself has no safer form.
  bool is_validated_instead(const Change& change) const {
    return is_locked_ && change.kind == Kind::constraint_validated &&
           std::any_of(table_.before.constraints.begin(), table_.before.constraints.end(),
                       [&](const auto& one) { return one.kind == 'n' && one.name == change.name; });
  }

  void prove_filled(const std::string& name) {
    const std::string proof = identifier(free_name(table_.before.name + "_" + name));
    add(alter_ + "ADD CONSTRAINT " + proof + " CHECK (" + identifier(name) + " IS NOT NULL) NOT VALID",
        "new rows must pass; no row is read");
    validate(proof);
    add(alter_ + "ALTER COLUMN " + identifier(name) + " SET NOT NULL",
        "the constraint proves it: no row is read");
    add(alter_ + "DROP CONSTRAINT " + proof, "it has served its purpose");
  }
  void validate(const std::string& quoted) {
    add(alter_ + "VALIDATE CONSTRAINT " + quoted,
        "in a transaction of its own: rows are read while others read and write");
  }
  // PostgreSQL 18 itself would take ..._not_null.
  std::string free_name(std::string name) const {
    constexpr std::size_t kMost = 50;
    while (name.size() > kMost || (!name.empty() && (name.back() & 0xC0) == 0x80 && name.size() == kMost))
      name.pop_back();
    name += "_filled";
    while (std::any_of(table_.after.constraints.begin(), table_.after.constraints.end(),
                       [&](const auto& one) { return one.name == name; }))
      name += "_";
    return name;
  }

  bool add_constraint(const std::string& name) {
    const auto found = std::find_if(table_.after.constraints.begin(), table_.after.constraints.end(),
                                    [&](const auto& one) { return one.name == name; });
    if (found == table_.after.constraints.end() || !found->is_valid) return false;
    switch (found->kind) {
      case 'c': return check_later(*found, is_read_ || is_rewritten_);
      case 'f': return check_later(*found, true);
      case 'p':
      case 'u': return use_index(*found);
      // PostgreSQL 18 has one for each NOT NULL. Its column says all there is to do, but for a name of its
      // own.
      case 'n': return found->name.find("_not_null") != std::string::npos;
      default: return false;
    }
  }

  bool check_later(const Constraint& constraint, bool is_read) {
    const std::string sql =
        alter_ + "ADD CONSTRAINT " + identifier(constraint.name) + " " + constraint.definition;
    if (!is_read) {
      add(sql, "no row is read");
      return true;
    }
    be_safer("rows are checked while others read and write");
    add(sql + " NOT VALID", "new rows must pass; no row is read");
    validate(identifier(constraint.name));
    return true;
  }

  bool use_index(const Constraint& constraint) {
    const auto& indexes = table_.after.indexes;
    const auto index = std::find_if(indexes.begin(), indexes.end(),
                                    [&](const auto& one) { return one.name == constraint.name; });
    if (index == indexes.end() || same_in(table_.before, *index) != nullptr || !is_read_) return false;
    be_safer("the index is built while others write");
    add_index(index->definition);
    const std::string quoted = identifier(constraint.name);
    add(alter_ + "ADD CONSTRAINT " + quoted + (constraint.kind == 'p' ? " PRIMARY KEY" : " UNIQUE") +
            " USING INDEX " + quoted + std::string(deferral_of(constraint.definition)),
        "the index is there already: no row is read");
    return true;
  }

  const TableChanges& table_;
  std::string alter_;
  bool is_read_ = false, is_rewritten_ = false, makes_sequence_ = false;
  bool is_locked_ = false;  // ACCESS EXCLUSIVE
  bool is_safer_ = false;
  SaferForm form_;
};

}  // namespace

std::optional<SaferForm> safer_form(const RunFacts& facts, std::string_view statement) {
  if (facts.is_by_rule) return std::nullopt;  // it is the safer form of something
  const TableChanges* table = nullptr;
  for (const auto& one : facts.changes) {
    // The parts of a partitioned table, or a table's heirs.
    if (table != nullptr) return std::nullopt;
    table = &one;
  }
  if (facts.failure || table == nullptr || table->list.empty() || table->after.kind == 'p')
    return std::nullopt;
  Writer writer(*table, facts);
  if (facts.tag == "CREATE INDEX") return writer.index();
  if (facts.tag != "ALTER TABLE" || does_several(statement)) return std::nullopt;
  return writer.alteration();
}

}  // namespace portcullis::shadow
