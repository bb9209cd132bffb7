// Any bytes as the text of a query: the analysis ends, stays inside the text, and does not depend on
// comments.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sql/analyze.hpp"
#include "sql/complexity_guard.hpp"

namespace sql = portcullis::sql;

namespace {

// Small enough for the stack of libFuzzer's own thread.
constexpr sql::AnalysisLimits kLimits{.bytes = 1u << 16, .tokens = 5'000, .tree_depth = 1'000};

void require(bool holds) {
  if (!holds) std::abort();
}

bool fits(const sql::Name& name) {
  return !name.name.empty() && (name.database.empty() || !name.schema.empty());
}

void check_references(const sql::StatementFacts& statement, std::size_t size) {
  const auto& enclosing = statement.enclosing_levels;
  require(!enclosing.empty() && enclosing.front() == 0);
  for (std::size_t level = 1; level < enclosing.size(); ++level) require(enclosing[level] < level);
  for (const sql::Range& range : statement.ranges) {
    require(fits(range.relation) && range.level < enclosing.size());
  }
  for (const sql::ColumnUse& use : statement.column_uses) {
    require(use.level < enclosing.size());
    require(use.location < static_cast<std::int64_t>(size));
    require(fits(use.of) || use.of == sql::Name{});
  }
  for (const std::string& name : statement.derived) require(!name.empty());
  for (const sql::Name& name : statement.operators) require(fits(name));
}

// Other digits in the free places, as the text has them from 1 to 9 upside down.
void check_free_digits(std::string_view text, const sql::Facts& facts) {
  std::string other(text);
  for (const sql::StatementFacts& statement : facts.statements) {
    for (const sql::Digits& free : statement.free_digits) {
      require(free.length > 0 && free.length < 10 && std::size_t{free.offset} + free.length <= text.size());
      for (std::size_t i = free.offset; i < std::size_t{free.offset} + free.length; ++i) {
        require(text[i] >= '0' && text[i] <= '9');
        other[i] = static_cast<char>('0' + '9' - text[i]);
      }
    }
  }
  if (other == text) return;
  const auto again = sql::analyze(other, kLimits);
  require(again && *again == facts);
}

void check(const sql::Facts& facts, std::size_t size) {
  std::size_t end = 0;
  for (const sql::StatementFacts& statement : facts.statements) {
    require(!statement.kind.empty() && statement.offset >= end);
    end = statement.offset + statement.length;
    require(end <= size);
    check_references(statement, size);
    for (const sql::Effect& effect : statement.effects) {
      require(effect.arguments.empty() || effect.action == sql::Action::execute_function);
      require(!effect.argument_count || effect.arguments.size() <= *effect.argument_count);
      require(!effect.only || effect.kind == sql::ObjectKind::relation);
      require(sql::action_named(sql::name(effect.action)) == effect.action);
      require(effect.location < static_cast<std::int64_t>(size));
      require(effect.object.name.size() < 1024 || effect.kind == sql::ObjectKind::other ||
              effect.kind == sql::ObjectKind::setting);
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto facts = sql::analyze(text, kLimits);
  const auto guarded = sql::guard_complexity(text, kLimits);
  if (!facts) {
    require(!facts.error().message.empty());
    require(!facts.error().position || *facts.error().position <= size + 1);
    return 0;
  }
  require(guarded && guarded->text.size() == size);
  check(*facts, size);
  check_free_digits(text, *facts);
  const auto again = sql::analyze(guarded->text, kLimits);
  require(again && again->statements.size() == facts->statements.size());
  for (std::size_t i = 0; i < again->statements.size(); ++i) {
    const auto &one = facts->statements[i], &other = again->statements[i];
    require(one.kind == other.kind && one.offset == other.offset &&
            one.effects.size() == other.effects.size() && one.ranges == other.ranges &&
            one.column_uses == other.column_uses && one.derived == other.derived &&
            one.operators == other.operators && one.enclosing_levels == other.enclosing_levels);
    for (std::size_t e = 0; e < one.effects.size(); ++e) {
      require(one.effects[e].object == other.effects[e].object);
      require(one.effects[e].arguments == other.effects[e].arguments);
    }
  }
  return 0;
}
