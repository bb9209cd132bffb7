// Statements on the session itself, and statements about statements.
#include <algorithm>
#include <array>

#include "sql/node_handlers.hpp"

namespace portcullis::sql {
namespace {

struct TransactionCommand {
  std::string_view word;  // of TransactionStmtKind
  Action action;
  TransactionControl control;
};

constexpr auto kTransactionCommands = std::to_array<TransactionCommand>({
    {"TRANS_STMT_BEGIN", Action::begin, TransactionControl::begin},
    {"TRANS_STMT_START", Action::begin, TransactionControl::begin},
    {"TRANS_STMT_COMMIT", Action::commit, TransactionControl::commit},
    {"TRANS_STMT_ROLLBACK", Action::rollback, TransactionControl::rollback},
    {"TRANS_STMT_SAVEPOINT", Action::savepoint, TransactionControl::savepoint},
    {"TRANS_STMT_RELEASE", Action::release, TransactionControl::release},
    {"TRANS_STMT_ROLLBACK_TO", Action::rollback_to, TransactionControl::rollback_to},
    {"TRANS_STMT_PREPARE", Action::prepare_transaction, TransactionControl::prepare_transaction},
    {"TRANS_STMT_COMMIT_PREPARED", Action::commit_prepared, TransactionControl::commit_prepared},
    {"TRANS_STMT_ROLLBACK_PREPARED", Action::rollback_prepared, TransactionControl::rollback_prepared},
});

// Names of settings have no case.
std::string setting_name(std::string_view text) {
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return name;
}

Name plain_name(std::string_view text) {
  return {{}, {}, std::string(text)};
}

Action action_of_set(const Node& node, std::string_view setting) {
  const std::string_view kind = node.text("kind");
  if (kind == "VAR_SET_MULTI") return Action::set_transaction;
  if (setting == "role") return Action::set_role;
  if (setting == "session_authorization") return Action::set_session_authorization;
  return kind == "VAR_RESET" || kind == "VAR_RESET_ALL" ? Action::reset : Action::set;
}

// As PostgreSQL reads booleans of option lists; what is not clearly "no" is "yes".
bool is_on(const Node& option) {
  const auto value = option.child("arg");
  if (!value) return true;
  if (value->is("Integer")) return value->number("ival") != 0;
  const std::string word = setting_name(value->text("sval"));
  return word != "false" && word != "off";
}

struct SessionCommand {
  std::string_view node;
  Action action;
  std::string_view name_field;  // empty: it names nothing
};

constexpr auto kSessionCommands = std::to_array<SessionCommand>({
    {"CheckPointStmt", Action::checkpoint, ""},
    {"DiscardStmt", Action::discard, ""},
    {"ListenStmt", Action::listen, "conditionname"},
    {"LoadStmt", Action::load, "filename"},
    {"NotifyStmt", Action::notify, "conditionname"},
    {"UnlistenStmt", Action::unlisten, "conditionname"},
    {"ConstraintsSetStmt", Action::set_constraints, ""},
});

}  // namespace

bool has_option(const Node& node, std::string_view options, std::string_view name) {
  bool has = false;
  for (const Node& option : node.list(options)) {
    if (option.text("defname") == name) has = is_on(option);
  }
  return has;
}

void walk_transaction(Walker& walker, const Node& node) {
  const auto* const row =
      std::find_if(kTransactionCommands.begin(), kTransactionCommands.end(),
                   [&](const TransactionCommand& command) { return command.word == node.text("kind"); });
  if (row == kTransactionCommands.end()) return walker.refuse("a transaction command");
  walker.facts().transaction = row->control;
  const std::string_view name = node.has("gid") ? node.text("gid") : node.text("savepoint_name");
  walker.add(row->action, name.empty() ? ObjectKind::none : ObjectKind::other, plain_name(name));
  // BEGIN READ WRITE and its like set the transaction's properties: constants, the grammar sees to it.
}

void walk_set(Walker& walker, const Node& node) {
  const std::string setting = node.text("kind") == "VAR_RESET_ALL" ? "all" : setting_name(node.text("name"));
  Effect effect{.action = action_of_set(node, setting)};
  effect.kind = effect.action == Action::set_transaction ? ObjectKind::none : ObjectKind::setting;
  if (effect.kind == ObjectKind::setting) effect.object.name = setting;
  // FROM CURRENT takes a value that is not written here.
  effect.value_is_constant = node.text("kind") != "VAR_SET_CURRENT";
  if (effect.action != Action::set_transaction) {
    for (const Node& argument : node.list("args")) {
      auto value = literal(argument, walker.text());
      effect.value_is_constant = effect.value_is_constant && value.has_value();
      if (value) effect.values.push_back(*std::move(value));
    }
    if (!effect.value_is_constant) effect.values.clear();
  }
  walker.add(std::move(effect));
  walker.visit_children(node);
}

void walk_show(Walker& walker, const Node& node) {
  walker.add(Action::show, ObjectKind::setting, plain_name(setting_name(node.text("name"))));
}

void walk_session_command(Walker& walker, const Node& node) {
  const auto* const row = std::find_if(kSessionCommands.begin(), kSessionCommands.end(),
                                       [&](const SessionCommand& command) { return node.is(command.node); });
  if (row == kSessionCommands.end()) return walker.refuse("a session command");
  const std::string_view name = row->name_field.empty() ? std::string_view{} : node.text(row->name_field);
  walker.add(row->action, name.empty() ? ObjectKind::none : ObjectKind::other, plain_name(name));
}

void walk_explain(Walker& walker, const Node& node) {
  bool analyze = false;
  for (const Node& option : node.list("options")) {
    analyze = analyze || (option.text("defname") == "analyze" && is_on(option));
  }
  walker.add(analyze ? Action::explain_analyze : Action::explain, ObjectKind::none, {});
  walker.visit_children_except(node, {"options"});
}

void walk_prepare(Walker& walker, const Node& node) {
  walker.facts().prepares = node.text("name");
  walker.add(Action::prepare, ObjectKind::other, plain_name(node.text("name")));
  walker.visit_children(node);
}

// Also inside EXPLAIN and CREATE TABLE AS.
void walk_execute(Walker& walker, const Node& node) {
  walker.facts().executes = node.text("name");
  walker.add(Action::execute, ObjectKind::other, plain_name(node.text("name")));
  walker.visit_children(node);
}

void walk_deallocate(Walker& walker, const Node& node) {
  walker.facts().executes = node.text("name");
  walker.add(Action::deallocate, ObjectKind::other, plain_name(node.has("name") ? node.text("name") : "all"));
}

void walk_declare_cursor(Walker& walker, const Node& node) {
  if (walker.at_top()) walker.facts().declares_cursor = node.text("portalname");
  walker.add(Action::declare_cursor, ObjectKind::other, plain_name(node.text("portalname")));
  walker.visit_children(node);
}

void walk_fetch(Walker& walker, const Node& node) {
  walker.facts().fetches = node.text("portalname");
  walker.add(node.flag("ismove") ? Action::move : Action::fetch, ObjectKind::other,
             plain_name(node.text("portalname")));
}

void walk_close(Walker& walker, const Node& node) {
  walker.facts().fetches = node.text("portalname");
  walker.add(Action::close, ObjectKind::other,
             plain_name(node.has("portalname") ? node.text("portalname") : "all"));
}

void walk_call(Walker& walker, const Node& node) {
  const auto call = node.child("funccall");
  const auto name = call ? name_of(call->list("funcname")) : std::nullopt;
  if (!name) return walker.refuse("what CALL calls");
  walker.add(Action::call, ObjectKind::function, *name, call->location());
  walker.visit_children_except(*call, {"funcname"});
}

// The body is text for its language: nothing in it is known here.
void walk_do(Walker& walker, const Node& node) {
  std::string language = "plpgsql";
  for (const Node& option : node.list("args")) {
    const auto value = option.text("defname") == "language" ? option.child("arg") : std::nullopt;
    if (value) language = value->text("sval");
  }
  walker.add(Action::do_, ObjectKind::other, plain_name(language));
}

}  // namespace portcullis::sql
