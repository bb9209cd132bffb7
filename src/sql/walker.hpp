// The walk over one statement's tree: every node has a handler (node_handlers.cpp), and handlers report
// effects here.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"
#include "portcullis/sql/facts.hpp"
#include "sql/node.hpp"

namespace portcullis::sql {

class Walker {
 public:
  // Fills in `facts` from a tree that was made from `text`; both must outlive the walker.
  Walker(StatementFacts& facts, std::string_view text) : facts_(facts), text_(text) {}

  // Walks the whole statement. Error 0A000 for what a handler does not understand; the facts are then worth
  // nothing.
  [[nodiscard]] base::Result<void> run(const Node& statement);

  // For handlers.
  void visit(const Node& node);
  void visit_all(const std::vector<Node>& nodes);
  void visit_children(const Node& node) { visit_all(node.children()); }
  void visit_children_except(const Node& node, std::initializer_list<std::string_view> fields);

  // The same effect on the same object is kept once.
  void add(Effect effect);
  void add(Action action, ObjectKind kind, Name object, std::int32_t location = -1);
  // The lists beside the effects; each entry is kept once. Ranges and uses get the level that is open.
  void add_range(Range range);
  void add_use(ColumnUse use);
  void add_derived(std::string_view name);  // nothing for an empty one
  void add_operator(Name name);
  // A RangeVar, whatever common table expressions there are: the target of a statement.
  void add_relation(Action action, const Node& range_var, std::vector<std::string> columns = {});
  // Beside the action, with the word CASCADE.
  void add_cascade(const Node& with_behavior, ObjectKind kind, const Name& object);
  // What stands here is not understood; the first reason is the one reported.
  void refuse(const std::string& what);

  [[nodiscard]] StatementFacts& facts() noexcept { return facts_; }
  [[nodiscard]] std::string_view text() const noexcept { return text_; }
  // Whether the node being handled is the statement itself, not a part of it.
  [[nodiscard]] bool at_top() const noexcept { return depth_ == 1; }

  // Levels of queries (StatementFacts::enclosing_levels), each with its names of common table expressions
  // (manual, "WITH Queries").
  void open_query_level();
  void close_query_level();
  // For what does not see the tables of the query that it stands in: until it is left, the level is the one
  // around that. Gives the level to go back to.
  [[nodiscard]] std::uint32_t leave_level() noexcept;
  void return_to_level(std::uint32_t level) noexcept { level_ = level; }
  void declare_cte(std::string_view name);
  [[nodiscard]] bool names_cte(const Node& range_var) const;

  // For walks beside the walk, which nested statements could repeat without end: false, and the statement
  // refused, once they have taken too many steps together.
  [[nodiscard]] bool spend_step();

 private:
  [[nodiscard]] bool is_new(std::string key) { return seen_.insert(std::move(key)).second; }
  // The effect without arguments, once there are too many of its kind.
  void limit_arguments(Effect& effect);

  StatementFacts& facts_;
  std::string_view text_;
  std::optional<base::Error> failure_;
  // What was added already, by a text that tells one from another.
  std::unordered_set<std::string> seen_;
  // How many calls with arguments of their own a function has.
  std::unordered_map<std::string, std::size_t> calls_;
  struct Level {
    std::uint32_t around;  // which it was opened in
    std::vector<std::string> ctes{};
  };
  std::vector<Level> levels_;
  std::uint32_t level_ = 0;
  std::unordered_map<std::string, std::size_t> visible_ctes_;  // in how many of the levels
  std::size_t steps_ = 0;
  std::size_t depth_ = 0;
};

class QueryLevel {
 public:
  explicit QueryLevel(Walker& walker) : walker_(walker) { walker_.open_query_level(); }
  ~QueryLevel() { walker_.close_query_level(); }
  QueryLevel(const QueryLevel&) = delete;
  QueryLevel& operator=(const QueryLevel&) = delete;

 private:
  Walker& walker_;
};

class OutsideLevel {
 public:
  explicit OutsideLevel(Walker& walker) : walker_(walker), left_(walker.leave_level()) {}
  ~OutsideLevel() { walker_.return_to_level(left_); }
  OutsideLevel(const OutsideLevel&) = delete;
  OutsideLevel& operator=(const OutsideLevel&) = delete;

 private:
  Walker& walker_;
  std::uint32_t left_;
};

}  // namespace portcullis::sql
