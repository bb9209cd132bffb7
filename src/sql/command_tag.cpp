// CreateCommandTag() of PostgreSQL's utility.c, as tables.
#include "sql/command_tag.hpp"

#include <algorithm>
#include <array>

#include "sql/object_types.hpp"

namespace portcullis::sql {
namespace {

struct Tag {
  std::string_view node;
  std::string_view text;
};

constexpr auto kTags = std::to_array<Tag>({
    {"AlterCollationStmt", "ALTER COLLATION"},
    {"AlterDatabaseRefreshCollStmt", "ALTER DATABASE"},
    {"AlterDatabaseSetStmt", "ALTER DATABASE"},
    {"AlterDatabaseStmt", "ALTER DATABASE"},
    {"AlterDefaultPrivilegesStmt", "ALTER DEFAULT PRIVILEGES"},
    {"AlterDomainStmt", "ALTER DOMAIN"},
    {"AlterEnumStmt", "ALTER TYPE"},
    {"AlterEventTrigStmt", "ALTER EVENT TRIGGER"},
    {"AlterExtensionContentsStmt", "ALTER EXTENSION"},
    {"AlterExtensionStmt", "ALTER EXTENSION"},
    {"AlterFdwStmt", "ALTER FOREIGN DATA WRAPPER"},
    {"AlterForeignServerStmt", "ALTER SERVER"},
    {"AlterOpFamilyStmt", "ALTER OPERATOR FAMILY"},
    {"AlterOperatorStmt", "ALTER OPERATOR"},
    {"AlterPolicyStmt", "ALTER POLICY"},
    {"AlterPublicationStmt", "ALTER PUBLICATION"},
    {"AlterRoleSetStmt", "ALTER ROLE"},
    {"AlterRoleStmt", "ALTER ROLE"},
    {"AlterSeqStmt", "ALTER SEQUENCE"},
    {"AlterStatsStmt", "ALTER STATISTICS"},
    {"AlterSubscriptionStmt", "ALTER SUBSCRIPTION"},
    {"AlterSystemStmt", "ALTER SYSTEM"},
    {"AlterTSConfigurationStmt", "ALTER TEXT SEARCH CONFIGURATION"},
    {"AlterTSDictionaryStmt", "ALTER TEXT SEARCH DICTIONARY"},
    {"AlterTableSpaceOptionsStmt", "ALTER TABLESPACE"},
    {"AlterTypeStmt", "ALTER TYPE"},
    {"AlterUserMappingStmt", "ALTER USER MAPPING"},
    {"CallStmt", "CALL"},
    {"CheckPointStmt", "CHECKPOINT"},
    {"ClusterStmt", "CLUSTER"},
    {"CommentStmt", "COMMENT"},
    {"CompositeTypeStmt", "CREATE TYPE"},
    {"ConstraintsSetStmt", "SET CONSTRAINTS"},
    {"CopyStmt", "COPY"},
    {"CreateAmStmt", "CREATE ACCESS METHOD"},
    {"CreateCastStmt", "CREATE CAST"},
    {"CreateConversionStmt", "CREATE CONVERSION"},
    {"CreateDomainStmt", "CREATE DOMAIN"},
    {"CreateEnumStmt", "CREATE TYPE"},
    {"CreateEventTrigStmt", "CREATE EVENT TRIGGER"},
    {"CreateExtensionStmt", "CREATE EXTENSION"},
    {"CreateFdwStmt", "CREATE FOREIGN DATA WRAPPER"},
    {"CreateForeignServerStmt", "CREATE SERVER"},
    {"CreateForeignTableStmt", "CREATE FOREIGN TABLE"},
    {"CreateOpClassStmt", "CREATE OPERATOR CLASS"},
    {"CreateOpFamilyStmt", "CREATE OPERATOR FAMILY"},
    {"CreatePLangStmt", "CREATE LANGUAGE"},
    {"CreatePolicyStmt", "CREATE POLICY"},
    {"CreatePublicationStmt", "CREATE PUBLICATION"},
    {"CreateRangeStmt", "CREATE TYPE"},
    {"CreateRoleStmt", "CREATE ROLE"},
    {"CreateSchemaStmt", "CREATE SCHEMA"},
    {"CreateSeqStmt", "CREATE SEQUENCE"},
    {"CreateStatsStmt", "CREATE STATISTICS"},
    {"CreateStmt", "CREATE TABLE"},
    {"CreateSubscriptionStmt", "CREATE SUBSCRIPTION"},
    {"CreateTableSpaceStmt", "CREATE TABLESPACE"},
    {"CreateTransformStmt", "CREATE TRANSFORM"},
    {"CreateTrigStmt", "CREATE TRIGGER"},
    {"CreateUserMappingStmt", "CREATE USER MAPPING"},
    {"CreatedbStmt", "CREATE DATABASE"},
    {"DeclareCursorStmt", "DECLARE CURSOR"},
    {"DeleteStmt", "DELETE"},
    {"DoStmt", "DO"},
    {"DropOwnedStmt", "DROP OWNED"},
    {"DropRoleStmt", "DROP ROLE"},
    {"DropSubscriptionStmt", "DROP SUBSCRIPTION"},
    {"DropTableSpaceStmt", "DROP TABLESPACE"},
    {"DropUserMappingStmt", "DROP USER MAPPING"},
    {"DropdbStmt", "DROP DATABASE"},
    {"ExecuteStmt", "EXECUTE"},
    {"ExplainStmt", "EXPLAIN"},
    {"ImportForeignSchemaStmt", "IMPORT FOREIGN SCHEMA"},
    {"IndexStmt", "CREATE INDEX"},
    {"InsertStmt", "INSERT"},
    {"ListenStmt", "LISTEN"},
    {"LoadStmt", "LOAD"},
    {"LockStmt", "LOCK TABLE"},
    {"MergeStmt", "MERGE"},
    {"NotifyStmt", "NOTIFY"},
    {"PrepareStmt", "PREPARE"},
    {"ReassignOwnedStmt", "REASSIGN OWNED"},
    {"RefreshMatViewStmt", "REFRESH MATERIALIZED VIEW"},
    {"ReindexStmt", "REINDEX"},
    {"RuleStmt", "CREATE RULE"},
    {"SecLabelStmt", "SECURITY LABEL"},
    {"TruncateStmt", "TRUNCATE TABLE"},
    {"UnlistenStmt", "UNLISTEN"},
    {"UpdateStmt", "UPDATE"},
    {"VariableShowStmt", "SHOW"},
    {"ViewStmt", "CREATE VIEW"},
});

struct WordTag {
  std::string_view word;
  std::string_view text;
};

constexpr auto kTransactionTags = std::to_array<WordTag>({
    {"TRANS_STMT_BEGIN", "BEGIN"},
    {"TRANS_STMT_START", "START TRANSACTION"},
    {"TRANS_STMT_COMMIT", "COMMIT"},
    {"TRANS_STMT_ROLLBACK", "ROLLBACK"},
    {"TRANS_STMT_ROLLBACK_TO", "ROLLBACK"},
    {"TRANS_STMT_SAVEPOINT", "SAVEPOINT"},
    {"TRANS_STMT_RELEASE", "RELEASE"},
    {"TRANS_STMT_PREPARE", "PREPARE TRANSACTION"},
    {"TRANS_STMT_COMMIT_PREPARED", "COMMIT PREPARED"},
    {"TRANS_STMT_ROLLBACK_PREPARED", "ROLLBACK PREPARED"},
});

constexpr auto kDiscardTags = std::to_array<WordTag>({
    {"DISCARD_ALL", "DISCARD ALL"},
    {"DISCARD_PLANS", "DISCARD PLANS"},
    {"DISCARD_SEQUENCES", "DISCARD SEQUENCES"},
    {"DISCARD_TEMP", "DISCARD TEMP"},
});

// Parts of an object that ALTER reaches through the whole.
constexpr auto kWholes = std::to_array<WordTag>({
    {"OBJECT_ATTRIBUTE", "TYPE"},
    {"OBJECT_COLUMN", "TABLE"},
    {"OBJECT_DOMCONSTRAINT", "DOMAIN"},
    {"OBJECT_TABCONSTRAINT", "TABLE"},
});

template <class Table>
std::string_view look_up(const Table& table, std::string_view word) {
  for (const WordTag& row : table) {
    if (row.word == word) return row.text;
  }
  return {};
}

std::string with_type(std::string_view verb, std::string_view type_word) {
  std::string tag = std::string(verb) + ' ';
  if (const auto whole = look_up(kWholes, type_word); !whole.empty()) return tag += whole;
  const ObjectType* const type = object_type(type_word);
  if (type == nullptr) return std::string(verb);
  std::transform(type->name.begin(), type->name.end(), std::back_inserter(tag),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return tag;
}

std::string tag_on_object(const Node& node) {
  if (node.is("AlterTableStmt") || node.is("AlterTableMoveAllStmt") || node.is("AlterFunctionStmt")) {
    return with_type("ALTER", node.text("objtype"));
  }
  if (node.is("AlterObjectSchemaStmt") || node.is("AlterOwnerStmt") || node.is("AlterObjectDependsStmt")) {
    return with_type("ALTER", node.text("objectType"));
  }
  if (node.is("RenameStmt")) {
    const bool column = node.text("renameType") == "OBJECT_COLUMN";
    return with_type("ALTER", node.text(column ? "relationType" : "renameType"));
  }
  if (node.is("DropStmt")) return with_type("DROP", node.text("removeType"));
  if (node.is("DefineStmt")) return with_type("CREATE", node.text("kind"));
  return {};
}

std::string tag_by_field(const Node& node) {
  if (node.is("SelectStmt")) return node.has("intoClause") ? "SELECT INTO" : "SELECT";
  if (node.is("TransactionStmt")) return std::string(look_up(kTransactionTags, node.text("kind")));
  if (node.is("DiscardStmt")) return std::string(look_up(kDiscardTags, node.text("target")));
  if (node.is("VariableSetStmt")) return node.text("kind").starts_with("VAR_RESET") ? "RESET" : "SET";
  if (node.is("FetchStmt")) return node.flag("ismove") ? "MOVE" : "FETCH";
  if (node.is("ClosePortalStmt")) return node.has("portalname") ? "CLOSE CURSOR" : "CLOSE CURSOR ALL";
  if (node.is("DeallocateStmt")) return node.has("name") ? "DEALLOCATE" : "DEALLOCATE ALL";
  if (node.is("GrantStmt")) return node.flag("is_grant") ? "GRANT" : "REVOKE";
  if (node.is("GrantRoleStmt")) return node.flag("is_grant") ? "GRANT ROLE" : "REVOKE ROLE";
  if (node.is("VacuumStmt")) return node.flag("is_vacuumcmd") ? "VACUUM" : "ANALYZE";
  if (node.is("CreateFunctionStmt"))
    return node.flag("is_procedure") ? "CREATE PROCEDURE" : "CREATE FUNCTION";
  if (node.is("CreateTableAsStmt")) {
    return node.text("objtype") == "OBJECT_MATVIEW" ? "CREATE MATERIALIZED VIEW" : "CREATE TABLE AS";
  }
  return tag_on_object(node);
}

}  // namespace

std::string command_tag(const Node& statement) {
  const auto* const row =
      std::find_if(kTags.begin(), kTags.end(), [&](const Tag& tag) { return statement.is(tag.node); });
  return row != kTags.end() ? std::string(row->text) : tag_by_field(statement);
}

}  // namespace portcullis::sql
