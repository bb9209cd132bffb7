#include "shop.hpp"

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "tests/unit/catalog/make_snapshot.hpp"

namespace portcullis::bench {
namespace {

constexpr const char* kRoot = PORTCULLIS_ROOT;
constexpr int kTablesASchema = 500;

std::string read_file(const std::string& path) {
  std::ifstream file(std::string(kRoot) + "/" + path);
  if (!file) throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The value of "sql", which comes last in its line.
std::string sql_of(const std::string& line) {
  constexpr std::string_view key = "\"sql\":\"";
  std::string text;
  for (std::size_t i = line.find(key) + key.size(); i + 2 < line.size(); ++i) {
    if (line[i] != '\\') {
      text += line[i];
    } else {
      const char escaped = line[++i];
      text += escaped == 'n' ? '\n' : escaped == 't' ? '\t' : escaped;
    }
  }
  return text;
}

void add_shop(catalog::testing::MakeSnapshot& make) {
  make.table("app.users", {"id int4", "login text", "ssn text"});
  make.table("app.audit_ledger", {"id int4", "entry text", "at timestamptz"});
  make.table("app.customers", {"id int4", "name text", "email text", "country text"});
  make.table("app.products", {"id int4", "name text", "price numeric"});
  make.table("app.orders",
             {"id int4", "customer_id int4", "amount numeric", "status text", "placed_at timestamptz"});
  make.table("app.order_items",
             {"id int4", "order_id int4", "product_id int4", "quantity int4", "price numeric"});
  make.table("app.payments", {"id int4", "order_id int4", "amount numeric"});
  make.foreign_key("orders_customer", "app.orders(customer_id)", "app.customers(id)", 'c');
  make.foreign_key("items_order", "app.order_items(order_id)", "app.orders(id)", 'c');
  make.foreign_key("payments_order", "app.payments(order_id)", "app.orders(id)", 'c');
  make.view(
      "app.open_orders", {"id int4", "customer text", "total numeric"},
      {"app.orders(id, customer_id, status)", "app.customers(id, name)", "app.order_items(order_id, price)"});
  make.function("app.note_change");
  make.trigger("app.orders", "orders_ledger", "iud", "app.note_change");
}

}  // namespace

void with_number(std::string& join, std::uint64_t number) {
  std::size_t at = kJoin.find("100000000") + 9;
  for (int digit = 0; digit < 9; ++digit, number /= 10) join[--at] = static_cast<char>('0' + number % 10);
}

const std::vector<std::string>& mcp_texts() {
  static const std::vector<std::string> texts = [] {
    std::vector<std::string> all;
    const std::string lines = read_file("tests/data/mcp-servers-sql.jsonl");
    for (std::size_t begin = 0; begin < lines.size();) {
      const std::size_t end = lines.find('\n', begin);
      all.push_back(sql_of(lines.substr(begin, end - begin)));
      begin = end == std::string::npos ? lines.size() : end + 1;
    }
    return all;
  }();
  return texts;
}

std::shared_ptr<const catalog::Snapshot> shop(std::int64_t relations) {
  static std::map<std::int64_t, std::shared_ptr<const catalog::Snapshot>> made;
  auto& snapshot = made[relations];
  if (snapshot) return snapshot;
  catalog::testing::MakeSnapshot make;
  add_shop(make);
  for (std::int64_t i = 8; i < relations; ++i) {
    const std::string schema = "part_" + std::to_string(i / kTablesASchema);
    const std::string name = schema + ".table_" + std::to_string(i);
    make.table(name, {"id int4", "order_id int4", "note text"});
    make.foreign_key("key_" + std::to_string(i), name + "(order_id)", "app.products(id)");
  }
  return snapshot = make.build();
}

const catalog::NameSpace& shop_names() {
  static const catalog::NameSpace names{{"pg_catalog", "app"}};
  return names;
}

std::shared_ptr<const guard::Guard> shop_guard(const catalog::Snapshot& snapshot) {
  auto loaded = policy::PolicySet::load(read_file("policies/data-repair.json"));
  if (!loaded.policy) throw std::runtime_error(policy::to_text(loaded.problems, "data-repair"));
  const auto policy = std::make_shared<const policy::PolicySet>(std::move(*loaded.policy));
  return std::make_shared<const guard::Guard>(policy,
                                              std::make_shared<const policy::Bound>(policy->bind(snapshot)));
}

}  // namespace portcullis::bench
