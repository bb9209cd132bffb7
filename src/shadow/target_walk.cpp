// The rows that an UPDATE or DELETE changes, and by foreign keys those of other tables.
#include "shadow/target_rows.hpp"

#include <algorithm>
#include <cctype>
#include <deque>
#include <iterator>
#include <map>
#include <optional>
#include <set>

#include "shadow/quote.hpp"

namespace portcullis::shadow {

using base::Error;
using base::Result;

namespace {

// Of one table, as text.
constexpr std::uint64_t kMostBytes = std::uint64_t{8} << 20;
constexpr std::size_t kMostQuestions = 200;

Error unknown(std::string why) {
  return {base::sqlstate::feature_not_supported, std::move(why)};
}

Error not_as_asked() {
  return {base::sqlstate::protocol_violation,
          "the database answered the question for rows with other columns"};
}

std::string in_words(const TableName& table) {
  return table.first + "." + table.second;
}

// "(0,1)", as the type tid is written.
bool is_tid(const std::string& text) {
  const auto comma = text.find(',');
  if (text.size() < 5 || text.front() != '(' || text.back() != ')' || comma == std::string::npos)
    return false;
  return std::all_of(text.begin() + 1, text.end() - 1,
                     [](unsigned char c) { return std::isdigit(c) || c == ','; });
}

using Id = std::pair<Oid, std::string>;  // tableoid and ctid
using Ids = std::set<Id>;

std::optional<Ids> read_ids(const std::vector<Row>& rows) {
  Ids ids;
  for (const auto& row : rows) {
    Oid table = 0;
    if (row.size() != 2 || !read_number(row, 0, table) || !row[1] || !is_tid(*row[1])) return std::nullopt;
    ids.emplace(table, *row[1]);
  }
  return ids;
}

// `row` is one of these.
std::string is_among(const Ids& ids, const std::string& row) {
  std::string sql;
  for (auto at = ids.begin(); at != ids.end();) {
    const Oid table = at->first;
    std::string list;
    for (; at != ids.end() && at->first == table; ++at)
      list += (list.empty() ? "\"" : ",\"") + at->second + "\"";
    sql += (sql.empty() ? "(" : " OR ") + row + ".tableoid = " + std::to_string(table) + " AND " + row +
           ".ctid = ANY ('{" + list + "}'::tid[])";
  }
  return sql.empty() ? "false" : sql + ")";
}

// How a row is changed: deleted, or some of its columns.
struct Change {
  bool is_delete = true;
  std::set<std::string> columns;
  [[nodiscard]] bool reaches(const std::vector<std::string>& key) const {
    return is_delete ||
           std::any_of(key.begin(), key.end(), [&](const auto& one) { return columns.contains(one); });
  }
  friend auto operator<=>(const Change&, const Change&) = default;
};

struct ForeignKey {
  Oid oid = 0, table = 0;  // of the table that has it
  char on_delete = 'a', on_update = 'a';
  std::vector<std::string> columns, parent_columns;
  TableName parent;
  Oid parent_oid = 0;
};

// Those whose `end` is the table. What a partition has inherited stands for itself only where its own table
// is asked for. PostgreSQL 18 has keys that are not enforced, and keys over periods.
std::string foreign_keys_query(const char* end, Oid table) {
  return "SELECT k.oid, k.conrelid, k.confdeltype, k.confupdtype, ca.attname, fa.attname, n.nspname, "
         "p.relname, "
         "k.confrelid, coalesce((to_jsonb(k) ->> 'conperiod')::bool, false) FROM pg_constraint k "
         "CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u(c, f, n) "
         "JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.c "
         "JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = u.f "
         "JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace n ON n.oid = p.relnamespace "
         "WHERE k.contype = 'f' AND coalesce((to_jsonb(k) ->> 'conenforced')::bool, true) AND k." +
         std::string(end) + " = " + std::to_string(table) +
         " AND NOT EXISTS (SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up." + end +
         " = k." + end + ") ORDER BY k.oid, u.n";
}

Result<std::vector<ForeignKey>> read_foreign_keys(const std::vector<Row>& rows) {
  std::vector<ForeignKey> keys;
  for (const auto& row : rows) {
    ForeignKey key;
    bool has_period = false;
    const bool is_whole = row.size() == 10 && read_number(row, 0, key.oid) &&
                          read_number(row, 1, key.table) && row[2] && row[2]->size() == 1 && row[3] &&
                          row[3]->size() == 1 && row[4] && row[5] && row[6] && row[7] &&
                          read_number(row, 8, key.parent_oid) && read_truth(row, 9, has_period);
    if (!is_whole) return not_as_asked();
    if (has_period) return unknown("a foreign key over a period is not followed");
    if (keys.empty() || keys.back().oid != key.oid) {
      key.on_delete = row[2]->front();
      key.on_update = row[3]->front();
      key.parent = {*row[6], *row[7]};
      keys.push_back(std::move(key));
    }
    keys.back().columns.push_back(*row[4]);
    keys.back().parent_columns.push_back(*row[5]);
  }
  return keys;
}

struct Table {
  Oid oid = 0;
  TableName name;
  char kind = 'r';
  std::vector<std::string> columns;
  // Foreign keys are of a table alone where others only inherit from it.
  [[nodiscard]] std::string as_source() const {
    return (kind == 'p' ? "" : "ONLY ") + qualified(name.first, name.second);
  }
};

std::string table_query(const std::string& which) {
  return "SELECT c.oid, n.nspname, c.relname, c.relkind, row_security_active(c.oid), a.attname "
         "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_attribute a "
         "ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' "
         "WHERE c.relkind IN ('r', 'p') AND " +
         which + " ORDER BY a.attnum";
}

Result<Table> read_table(const std::vector<Row>& rows) {
  Table table;
  for (const auto& row : rows) {
    bool hides = false;
    if (row.size() != 6 || !read_number(row, 0, table.oid) || !row[1] || !row[2] || !row[3] ||
        row[3]->size() != 1 || !read_truth(row, 4, hides))
      return not_as_asked();
    table.name = {*row[1], *row[2]};
    table.kind = row[3]->front();
    if (hides) return unknown("row security may hide rows of " + in_words(table.name) + " from the role");
    if (!row[5]) return unknown(in_words(table.name) + " has no columns");
    table.columns.push_back(*row[5]);
  }
  if (rows.empty()) return unknown("its table is not there any more");
  return table;
}

class Walk {
 public:
  Walk(std::uint64_t most, const Asking& ask) : most_(most), ask_(ask) {}

  Result<TargetRows> run(const TargetQuestion& question, const Ids& ids) {
    auto target = table("n.nspname = " + literal(question.table.first) +
                        " AND c.relname = " + literal(question.table.second));
    if (!target) return target.error();
    if (target->kind == 'r' &&
        std::any_of(ids.begin(), ids.end(), [&](const Id& id) { return id.first != target->oid; }))
      return unknown("some of its rows are of tables that inherit from " + in_words(target->name));
    order_.push_back(target->oid);
    found_[target->oid] = ids;
    const Change change{question.assigned.empty(), {question.assigned.begin(), question.assigned.end()}};
    queue_.push_back({target->oid, ids, change});
    if (const auto walked = walk(); !walked) return walked.error();

    TargetRows all;
    all.targets = ids.size();
    if (const auto named = name_leaves(ids, all.leaves); !named) return named.error();
    if (const auto referred = look_at_references(target->oid, change, all.references); !referred)
      return referred.error();
    for (const Oid oid : order_) {
      auto rows = rows_of(tables_.at(oid), is_among(found_.at(oid), "portcullis_row"));
      if (!rows) return rows.error();
      all.tables.push_back(std::move(*rows));
    }
    return all;
  }

  Result<TableRows> parents(Oid oid, const std::string& condition) {
    auto found = table("c.oid = " + std::to_string(oid));
    if (!found) return found.error();
    return rows_of(*found, condition);
  }

 private:
  struct Step {
    Oid table = 0;
    Ids ids;
    Change change;
  };

  Result<std::vector<Row>> ask(const std::string& sql) {
    if (++asked_ > kMostQuestions) return unknown("its foreign keys reach too many tables");
    return ask_(sql);
  }

  Result<Table> table(const std::string& which) {
    const auto rows = ask(table_query(which));
    if (!rows) return rows.error();
    auto table = read_table(*rows);
    if (table) tables_[table->oid] = *table;
    return table;
  }

  Result<void> walk() {
    while (!queue_.empty()) {
      const Step step = std::move(queue_.front());
      queue_.pop_front();
      if (step.ids.empty()) continue;
      const auto rows = ask(foreign_keys_query("confrelid", step.table));
      if (!rows) return rows.error();
      const auto keys = read_foreign_keys(*rows);
      if (!keys) return keys.error();
      for (const auto& key : *keys) {
        if (!step.change.reaches(key.parent_columns)) continue;
        if (const auto followed = follow(step, key); !followed) return followed.error();
      }
    }
    return {};
  }

  // The rows that refer to those of the step. Of what must not be there a few will do.
  Result<void> follow(const Step& step, const ForeignKey& key) {
    if (!tables_.contains(key.table)) {
      if (const auto child = table("c.oid = " + std::to_string(key.table)); !child) return child.error();
    }
    const auto& child = tables_.at(key.table);
    const auto rows = ask(children_query(step, key));
    if (!rows) return rows.error();
    const auto ids = read_ids(*rows);
    if (!ids) return not_as_asked();
    const char action = step.change.is_delete ? key.on_delete : key.on_update;
    const bool is_barred = action == 'a' || action == 'r';
    if (!found_.contains(key.table)) order_.push_back(key.table);
    auto& found = found_[key.table];
    found.insert(ids->begin(), ids->end());
    if (is_barred) return {};
    auto& changed = changed_[key.table];
    changed.insert(ids->begin(), ids->end());
    if (changed.size() > most_) {
      return unknown("more than " + std::to_string(most_) + " rows of " + in_words(child.name) +
                     " change with its rows");
    }
    Change change{step.change.is_delete && action == 'c', {}};
    if (!change.is_delete) change.columns.insert(key.columns.begin(), key.columns.end());
    Step next{key.table, {}, change};
    auto& seen = seen_[{key.table, change}];
    std::set_difference(ids->begin(), ids->end(), seen.begin(), seen.end(),
                        std::inserter(next.ids, next.ids.end()));
    seen.insert(ids->begin(), ids->end());
    queue_.push_back(std::move(next));
    return {};
  }

  [[nodiscard]] std::string children_query(const Step& step, const ForeignKey& key) const {
    std::string sql = "SELECT child.tableoid, child.ctid FROM " + tables_.at(key.table).as_source() +
                      " AS child WHERE EXISTS (SELECT FROM " + tables_.at(step.table).as_source() +
                      " AS parent WHERE " + is_among(step.ids, "parent");
    for (std::size_t i = 0; i < key.columns.size(); ++i)
      sql += " AND child." + identifier(key.columns[i]) + " = parent." + identifier(key.parent_columns[i]);
    return sql + ") LIMIT " + std::to_string(most_ + 1);
  }

  Result<void> name_leaves(const Ids& ids, std::vector<TableName>& leaves) {
    std::string oids;
    Oid last = 0;
    for (const auto& [oid, tid] : ids) {
      if (oid != last) oids += (oids.empty() ? "" : ", ") + std::to_string(oid);
      last = oid;
    }
    if (oids.empty()) return {};
    const auto rows =
        ask("SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n "
            "ON n.oid = c.relnamespace WHERE c.oid IN (" +
            oids + ")");
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
      if (row.size() != 2 || !row[0] || !row[1]) return not_as_asked();
      leaves.emplace_back(*row[0], *row[1]);
    }
    return {};
  }

  Result<void> look_at_references(Oid target, const Change& change,
                                  std::vector<TargetReference>& references) {
    if (change.is_delete) return {};
    const auto rows = ask(foreign_keys_query("conrelid", target));
    if (!rows) return rows.error();
    auto keys = read_foreign_keys(*rows);
    if (!keys) return keys.error();
    for (auto& key : *keys) {
      if (change.reaches(key.columns))
        references.push_back(
            {std::move(key.columns), std::move(key.parent_columns), std::move(key.parent), key.parent_oid});
    }
    return {};
  }

  Result<TableRows> rows_of(const Table& table, const std::string& condition) {
    const std::string from = " FROM " + table.as_source() + " AS portcullis_row WHERE " + condition;
    const auto size = ask("SELECT coalesce(sum(octet_length(portcullis_row::text)), 0)" + from);
    std::uint64_t bytes = 0;
    if (!size) return size.error();
    if (size->size() != 1 || !read_number(size->front(), 0, bytes)) return not_as_asked();
    if (bytes > kMostBytes)
      return unknown("its rows of " + in_words(table.name) + " are too long: " + std::to_string(bytes) +
                     " bytes");
    std::string columns;
    for (const auto& column : table.columns)
      columns += (columns.empty() ? "" : ", ") + ("portcullis_row." + identifier(column));
    auto rows = ask("SELECT " + columns + from);
    if (!rows) return rows.error();
    for (const auto& row : *rows) {
      if (row.size() != table.columns.size()) return not_as_asked();
    }
    return TableRows{table.name, table.columns, std::move(*rows)};
  }

  std::uint64_t most_;
  const Asking& ask_;
  std::size_t asked_ = 0;
  std::map<Oid, Table> tables_;
  std::map<Oid, Ids> found_, changed_;  // by named table; `changed_`: by foreign keys
  std::vector<Oid> order_;
  std::deque<Step> queue_;
  std::map<std::pair<Oid, Change>, Ids> seen_;
};

}  // namespace

Result<TargetRows> read_targets(const TargetQuestion& question, const std::vector<Row>& ids,
                                const Asking& ask) {
  const auto read = read_ids(ids);
  if (!read) return not_as_asked();
  if (read->size() > question.most)
    return unknown("it changes more than " + std::to_string(question.most) + " rows of " +
                   in_words(question.table));
  return Walk(question.most, ask).run(question, *read);
}

Result<TableRows> read_parents(const TargetReference& reference, const std::vector<Row>& keys,
                               const Asking& ask) {
  std::string condition;
  for (const auto& key : keys) {
    if (key.size() != reference.parent_columns.size()) return not_as_asked();
    std::string one;
    for (std::size_t i = 0; i < key.size(); ++i) {
      if (!key[i]) return not_as_asked();
      one += (one.empty() ? "" : " AND ") + ("portcullis_row." + identifier(reference.parent_columns[i])) +
             " = " + literal(*key[i]);
    }
    condition += (condition.empty() ? "(" : " OR ") + one;
  }
  return Walk(keys.size(), ask).parents(reference.parent_oid, condition.empty() ? "false" : condition + ")");
}

}  // namespace portcullis::shadow
