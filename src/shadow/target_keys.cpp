#include "shadow/target_keys.hpp"

#include "shadow/quote.hpp"

namespace portcullis::shadow {

using base::Error;
using base::Result;

// What a partition has inherited stands for itself only where its own table is asked for. PostgreSQL 18 has
// keys that are not enforced, and keys over periods. A domain's checks may be anybody's code: its values are
// compared as what they are written like.
std::string foreign_keys_query(const char* end, Oid table) {
  return "SELECT k.oid, k.conrelid, k.confdeltype, k.confupdtype, ca.attname, fa.attname, n.nspname, "
         "p.relname, k.confrelid, coalesce((to_jsonb(k) ->> 'conperiod')::bool, false), o.oprname, "
         "o.oid < 16384 AND f.provolatile = 'i', "
         "CASE WHEN t.typtype = 'd' THEN '' ELSE '::' || format_type(ca.atttypid, ca.atttypmod) END, "
         "cn.nspname, c.relname FROM pg_constraint k "
         "CROSS JOIN LATERAL unnest(k.conkey, k.confkey, k.conpfeqop) WITH ORDINALITY AS u(c, f, o, n) "
         "JOIN pg_attribute ca ON ca.attrelid = k.conrelid AND ca.attnum = u.c "
         "JOIN pg_attribute fa ON fa.attrelid = k.confrelid AND fa.attnum = u.f "
         "JOIN pg_operator o ON o.oid = u.o JOIN pg_proc f ON f.oid = o.oprcode "
         "JOIN pg_type t ON t.oid = ca.atttypid "
         "JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace n ON n.oid = p.relnamespace "
         "JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace "
         "WHERE k.contype = 'f' AND coalesce((to_jsonb(k) ->> 'conenforced')::bool, true) AND k." +
         std::string(end) + " = " + std::to_string(table) +
         " AND NOT EXISTS (SELECT FROM pg_constraint up WHERE up.oid = k.conparentid AND up." + end +
         " = k." + end + ") ORDER BY k.oid, u.n";
}

namespace {

constexpr std::size_t kFields = 15;

bool is_letter(const std::optional<std::string>& field) {
  return field && field->size() == 1;
}

// Its columns are not taken yet.
bool read_key(const Row& row, ForeignKey& key, bool& has_period, bool& is_plain) {
  if (row.size() != kFields || !is_letter(row[2]) || !is_letter(row[3])) return false;
  for (const std::size_t name : {4, 5, 6, 7, 10, 12, 13, 14}) {
    if (!row[name]) return false;
  }
  auto& reference = key.reference;
  key.on_delete = row[2]->front();
  key.on_update = row[3]->front();
  reference.parent = {*row[6], *row[7]};
  reference.table = {*row[13], *row[14]};
  return read_number(row, 0, key.oid) && read_number(row, 1, key.table) &&
         read_number(row, 8, reference.parent_oid) && read_truth(row, 9, has_period) &&
         read_truth(row, 11, is_plain);
}

}  // namespace

Result<std::vector<ForeignKey>> read_foreign_keys(const std::vector<Row>& rows) {
  std::vector<ForeignKey> keys;
  for (const auto& row : rows) {
    ForeignKey key;
    bool has_period = false, is_plain = false;
    if (!read_key(row, key, has_period, is_plain)) {
      return Error{base::sqlstate::protocol_violation,
                   "the database answered the question for foreign keys with other columns"};
    }
    if (has_period)
      return Error{base::sqlstate::feature_not_supported, "a foreign key over a period is not followed"};
    if (keys.empty() || keys.back().oid != key.oid) keys.push_back(std::move(key));
    keys.back().is_plain = keys.back().is_plain && is_plain;
    auto& reference = keys.back().reference;
    reference.columns.push_back(*row[4]);
    reference.parent_columns.push_back(*row[5]);
    reference.operators.push_back("OPERATOR(pg_catalog." + *row[10] + ")");
    reference.casts.push_back(*row[12]);
  }
  return keys;
}

std::string refers(const TargetReference& reference, const std::string& child, const std::string& parent) {
  std::string sql;
  for (std::size_t i = 0; i < reference.columns.size(); ++i) {
    sql += (sql.empty() ? "" : " AND ") + (parent + ".") + identifier(reference.parent_columns[i]) + " " +
           reference.operators[i] + " " + child + "." + identifier(reference.columns[i]);
  }
  return sql;
}

}  // namespace portcullis::shadow
