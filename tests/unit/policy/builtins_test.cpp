// The lists that ship: what reaches past the rules is refused, what clients need is not.
#include "policy/builtins.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "policy/json_document.hpp"
#include "tests/support/big_stack.hpp"

namespace portcullis::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> all;
  for (std::string word; in >> word;) all.push_back(word);
  return all;
}

const BuiltinFunction& function_of(const std::string& name) {
  static const BuiltinFunction none{};
  const auto* found = builtin_function("pg_catalog", name);
  EXPECT_NE(found, nullptr) << name;
  return found == nullptr ? none : *found;
}
const BuiltinCatalog& catalog_of(const std::string& name, const std::string& schema = "pg_catalog") {
  static const BuiltinCatalog none{};
  const auto* found = builtin_catalog(schema, name);
  EXPECT_NE(found, nullptr) << schema << "." << name;
  return found == nullptr ? none : *found;
}

// Which of the columns may be read.
std::vector<std::string> readable(const std::string& relation, const std::string& columns) {
  const auto& entry = catalog_of(relation);
  std::vector<std::string> all;
  if (entry.decision == BuiltinDecision::refuse) return all;
  for (auto& column : words(columns))
    if (!std::ranges::count(entry.denied_columns, column)) all.push_back(column);
  return all;
}

void expect_all(BuiltinDecision decision, const std::string& names) {
  for (const auto& name : words(names)) {
    EXPECT_EQ(function_of(name).decision, decision) << name;
    EXPECT_FALSE(function_of(name).reason.empty()) << name;
    EXPECT_EQ(function_of(name).name, name);
  }
}

TEST(BuiltinFunctions, RefuseWhatRunsSqlOrReadsRelationsByName) {
  expect_all(BuiltinDecision::refuse,
             R"(query_to_xml query_to_xmlschema query_to_xml_and_xmlschema ts_stat ts_rewrite
    table_to_xml table_to_xmlschema schema_to_xml database_to_xml database_to_xml_and_xmlschema cursor_to_xml
    cursor_to_xmlschema currtid currtid2 satisfies_hash_partition pg_mcv_list_items)");
}

TEST(BuiltinFunctions, RefuseFilesLargeObjectsAndTheWal) {
  expect_all(BuiltinDecision::refuse,
             R"(pg_read_file pg_read_file_old pg_read_binary_file pg_ls_dir pg_ls_logdir
    pg_ls_waldir pg_ls_tmpdir pg_ls_archive_statusdir pg_ls_replslotdir pg_stat_file pg_current_logfile
    pg_relation_filepath pg_relation_filenode pg_filenode_relation lo_import lo_export lo_get lo_put lo_open lo_creat
    lo_create lo_from_bytea lo_unlink lo_truncate loread lowrite pg_logical_emit_message pg_logical_slot_get_changes
    pg_logical_slot_peek_binary_changes pg_create_logical_replication_slot pg_drop_replication_slot
    pg_replication_slot_advance pg_replication_origin_create pg_switch_wal pg_create_restore_point pg_export_snapshot
    pg_backup_start pg_stop_backup pg_wal_replay_pause)");
}

TEST(BuiltinFunctions, RefuseWhatActsOnOthersOrWaits) {
  expect_all(BuiltinDecision::refuse,
             R"(pg_terminate_backend pg_cancel_backend pg_reload_conf pg_rotate_logfile
    pg_promote pg_log_backend_memory_contexts pg_sleep pg_sleep_for pg_sleep_until pg_notify pg_advisory_lock
    pg_advisory_lock_shared pg_advisory_xact_lock pg_advisory_xact_lock_shared pg_try_advisory_lock
    pg_try_advisory_lock_shared pg_try_advisory_xact_lock pg_try_advisory_xact_lock_shared setval
    pg_stat_reset pg_stat_reset_shared brin_summarize_new_values brin_desummarize_range gin_clean_pending_list
    pg_import_system_collations pg_restore_relation_stats pg_clear_attribute_stats pg_nextoid
    binary_upgrade_set_missing_value pg_event_trigger_ddl_commands)");
}

TEST(BuiltinFunctions, RefuseWhatShowsOtherSessionsOrSecrets) {
  expect_all(BuiltinDecision::refuse, R"(pg_stat_get_activity pg_stat_get_backend_activity
    pg_stat_get_backend_client_addr pg_stat_get_wal_senders pg_stat_get_wal_receiver pg_show_all_settings
    pg_show_all_file_settings pg_hba_file_rules pg_prepared_statement pg_cursor pg_get_backend_memory_contexts
    pg_get_replication_slots pg_last_committed_xact pg_column_toast_chunk_id)");
}

TEST(BuiltinFunctions, RefuseInputFunctionsAndXPath) {
  expect_all(BuiltinDecision::refuse,
             "domain_in array_in record_in range_in textin domain_recv xpath xpath_exists xmlexists xmltable "
             "xmlparse "
             "fmgr_sql_validator plpgsql_call_handler plpgsql_inline_handler");
}

TEST(BuiltinFunctions, AreJudgedByTheObjectThatAnArgumentNames) {
  using Kind = ObjectArgument::Kind;
  using Mode = ObjectArgument::Mode;
  const auto is = [](std::string_view name, std::uint8_t position, Kind kind, Mode mode) {
    const auto& function = function_of(std::string(name));
    EXPECT_EQ(function.decision, BuiltinDecision::object) << name;
    ASSERT_EQ(function.objects.size(), 1u) << name;
    EXPECT_EQ(function.objects[0].position, position) << name;
    EXPECT_EQ(function.objects[0].kind, kind) << name;
    EXPECT_EQ(function.objects[0].mode, mode) << name;
  };
  is("nextval", 0, Kind::sequence, Mode::use);
  is("currval", 0, Kind::sequence, Mode::read);
  is("pg_sequence_last_value", 0, Kind::sequence, Mode::read);
  is("current_setting", 0, Kind::setting, Mode::read);
  is("set_config", 0, Kind::setting, Mode::write);
  is("pg_input_is_valid", 1, Kind::type, Mode::use);
  is("pg_input_error_info", 1, Kind::type, Mode::use);
  is("jsonb_populate_recordset", 0, Kind::type, Mode::use);
  is("json_to_record", 0, Kind::column_definitions, Mode::use);
}

TEST(BuiltinFunctions, AllowWhatDriversAndPsqlCall) {
  // What the backslash commands of psql 15 call on servers 13 to 18, and more of the kind.
  expect_all(BuiltinDecision::allow, R"(array_remove array_to_string array_upper btrim col_description
    current_database format format_type generate_series getdatabaseencoding has_database_privilege obj_description
    pg_char_to_encoding pg_collation_is_visible pg_conversion_is_visible pg_database_size pg_describe_object
    pg_encoding_to_char pg_function_is_visible pg_get_constraintdef pg_get_expr pg_get_function_arguments
    pg_get_function_result pg_get_function_sqlbody pg_get_functiondef pg_get_indexdef pg_get_partkeydef pg_get_ruledef
    pg_get_statisticsobjdef_columns pg_get_triggerdef pg_get_userbyid pg_get_viewdef pg_has_role
    pg_opclass_is_visible pg_operator_is_visible pg_opfamily_is_visible pg_options_to_table pg_partition_ancestors
    pg_partition_tree pg_relation_is_publishable pg_size_pretty pg_statistics_obj_is_visible pg_table_is_visible
    pg_table_size pg_tablespace_location pg_tablespace_size pg_total_relation_size pg_ts_config_is_visible
    pg_ts_dict_is_visible pg_ts_parser_is_visible pg_ts_template_is_visible pg_type_is_visible quote_ident
    quote_literal shobj_description string_agg ts_token_type unnest
    to_regclass to_regtype to_regproc to_regprocedure to_regnamespace to_regrole pg_typeof pg_collation_for
    pg_advisory_unlock_all pg_backend_pid pg_is_in_recovery version current_schema current_schemas inet_server_addr
    has_table_privilege has_schema_privilege has_column_privilege pg_get_serial_sequence pg_get_keywords aclexplode
    pg_relation_size pg_indexes_size txid_current pg_blocking_pids lastval pg_my_temp_schema pg_postmaster_start_time)");
  ASSERT_NE(builtin_function("information_schema", "_pg_expandarray"), nullptr);
  EXPECT_EQ(builtin_function("information_schema", "_pg_expandarray")->decision, BuiltinDecision::allow);
}

TEST(BuiltinFunctions, AllowOrdinarySql) {
  // The first lines are what the grammar makes of EXTRACT, OVERLAY, SUBSTRING, AT TIME ZONE and their kind.
  expect_all(BuiltinDecision::allow,
             R"(extract date_part overlay position substring btrim ltrim rtrim timezone overlaps
    normalize is_normalized like_escape similar_to_escape similar_escape xmltext
    count sum avg min max bool_and array_agg string_agg percentile_cont mode stddev corr row_number rank lag ntile
    now clock_timestamp date_trunc age to_char to_date to_timestamp make_date justify_days generate_series
    abs round ceil floor mod power sqrt random setseed gen_random_uuid uuidv7 md5 sha256 encode decode
    lower upper length left right replace translate split_part concat concat_ws initcap repeat lpad unistr
    regexp_match regexp_replace regexp_split_to_table string_to_array array_length array_position cardinality
    jsonb_array_elements jsonb_extract_path jsonb_path_query jsonb_set jsonb_each jsonb_typeof
    to_tsvector plainto_tsquery ts_rank ts_headline width_bucket int4range isempty point box host
    pg_column_size txid_status num_nonnulls xml_is_well_formed xmlcomment xmlelement xmlforest xmlconcat xmlpi
    xmlroot xmlserialize xml_is_document bernoulli system)");
}

TEST(BuiltinFunctions, SayWhichFindACastToJsonAtRunTime) {
  for (const auto& name :
       words("to_json to_jsonb row_to_json array_to_json json_build_object jsonb_build_array json_agg "
             "jsonb_agg json_object_agg jsonb_object_agg")) {
    EXPECT_EQ(function_of(name).decision, BuiltinDecision::allow) << name;
    EXPECT_TRUE(function_of(name).json_cast) << name;
  }
  EXPECT_FALSE(function_of("concat").json_cast);
  EXPECT_FALSE(function_of("json_object").json_cast);
}

TEST(BuiltinLists, HoldNothingElse) {
  for (const auto& name : words("pg_file_write NEXTVAL nextval( dblink pg_sleep_ zzz \x80"))
    EXPECT_EQ(builtin_function("pg_catalog", name), nullptr) << name;
  EXPECT_EQ(builtin_function("pg_catalog", ""), nullptr);
  for (const auto& schema : words("public PG_CATALOG pg_toast information_schem"))
    EXPECT_EQ(builtin_function(schema, "abs"), nullptr) << schema;
  EXPECT_EQ(builtin_function("", "abs"), nullptr);
  EXPECT_EQ(builtin_function("information_schema", "abs"), nullptr);
  EXPECT_EQ(builtin_function("pg_catalog", "_pg_expandarray"), nullptr);
  EXPECT_EQ(builtin_catalog("pg_toast", "pg_toast_1255"), nullptr);
  EXPECT_EQ(builtin_catalog("public", "pg_class"), nullptr);
  EXPECT_EQ(builtin_catalog("pg_catalog", "tables"), nullptr);
  EXPECT_EQ(builtin_catalog("pg_catalog", "pg_stat_statements"), nullptr);
}

TEST(BuiltinCatalogs, RefuseDataPasswordsAndOtherSessions) {
  for (const auto& name : words(R"(pg_authid pg_shadow pg_statistic pg_stats pg_stats_ext pg_stats_ext_exprs
      pg_statistic_ext_data pg_largeobject pg_user_mapping pg_db_role_setting pg_hba_file_rules pg_ident_file_mappings
      pg_file_settings pg_config pg_stat_replication pg_stat_wal_receiver pg_replication_slots pg_prepared_statements
      pg_prepared_xacts pg_cursors pg_backend_memory_contexts)")) {
    EXPECT_EQ(catalog_of(name).decision, BuiltinDecision::refuse) << name;
    EXPECT_FALSE(catalog_of(name).reason.empty()) << name;
  }
  for (const auto& name :
       words("user_mapping_options foreign_server_options foreign_table_options column_options "
             "_pg_user_mappings _pg_foreign_table_columns"))
    EXPECT_EQ(catalog_of(name, "information_schema").decision, BuiltinDecision::refuse) << name;
}

TEST(BuiltinCatalogs, DenyTheColumnsThatHoldSecretsOrRows) {
  EXPECT_THAT(readable("pg_roles", "rolname rolconfig"), ElementsAre("rolname"));
  EXPECT_THAT(readable("pg_user", "usename useconfig"), ElementsAre("usename"));
  EXPECT_THAT(readable("pg_user_mappings", "usename umoptions"), ElementsAre("usename"));
  EXPECT_THAT(readable("pg_foreign_server", "srvname srvoptions"), ElementsAre("srvname"));
  EXPECT_THAT(readable("pg_foreign_table", "ftrelid ftoptions"), ElementsAre("ftrelid"));
  EXPECT_THAT(readable("pg_subscription", "subname subconninfo"), ElementsAre("subname"));
  EXPECT_THAT(readable("pg_settings", "name setting reset_val unit"), ElementsAre("name", "unit"));
  EXPECT_THAT(readable("pg_stat_activity", "pid state query client_addr client_hostname"),
              ElementsAre("pid", "state"));
  EXPECT_THAT(readable("pg_stat_ssl", "pid ssl client_dn"), ElementsAre("pid", "ssl"));
  EXPECT_THAT(readable("pg_stat_gssapi", "pid encrypted principal"), ElementsAre("pid", "encrypted"));
  EXPECT_THAT(readable("pg_sequences", "sequencename last_value"), ElementsAre("sequencename"));
  EXPECT_THAT(readable("pg_attribute", "attname attmissingval attfdwoptions"), ElementsAre("attname"));
}

TEST(BuiltinCatalogs, AllowWhatPsqlAndObjectMappersRead) {
  for (const auto& name :
       words(R"(pg_am pg_amop pg_amproc pg_attrdef pg_auth_members pg_cast pg_class pg_collation
      pg_constraint pg_conversion pg_database pg_default_acl pg_depend pg_description pg_enum pg_event_trigger
      pg_extension pg_index pg_indexes pg_inherits pg_language pg_largeobject_metadata pg_locks pg_matviews
      pg_namespace pg_opclass pg_operator pg_opfamily pg_partitioned_table pg_policies pg_policy pg_proc pg_publication
      pg_publication_namespace pg_publication_rel pg_publication_tables pg_range pg_rewrite pg_sequence
      pg_stat_database pg_stat_user_indexes pg_stat_user_tables pg_statio_user_tables pg_statistic_ext pg_tables
      pg_tablespace pg_timezone_names pg_trigger pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template
      pg_type pg_views)")) {
    EXPECT_EQ(catalog_of(name).decision, BuiltinDecision::allow) << name;
    EXPECT_THAT(catalog_of(name).denied_columns, IsEmpty()) << name;
  }
  for (const auto& name :
       words("tables columns views routines parameters schemata sequences table_constraints "
             "key_column_usage constraint_column_usage referential_constraints check_constraints "
             "table_privileges column_privileges triggers domains element_types"))
    EXPECT_EQ(catalog_of(name, "information_schema").decision, BuiltinDecision::allow) << name;
  const std::string attribute =
      "attrelid attname atttypid attlen attnum atttypmod attnotnull atthasdef attidentity attgenerated "
      "attisdropped "
      "attcollation attacl attstorage attcompression attstattarget attoptions attndims attislocal "
      "attinhcount";
  EXPECT_EQ(readable("pg_attribute", attribute), words(attribute));
  const std::string role =
      "oid rolname rolsuper rolinherit rolcreaterole rolcreatedb rolcanlogin rolreplication rolconnlimit "
      "rolvaliduntil rolbypassrls";
  EXPECT_EQ(readable("pg_roles", role), words(role));
  const std::string activity =
      "datname pid usename application_name state wait_event_type wait_event query_start";
  EXPECT_EQ(readable("pg_stat_activity", activity), words(activity));
}

// What MCP servers really send, by the functions and catalogs that stand in it.
TEST(BuiltinLists, LetMcpServersWork) {
  std::ifstream file(PORTCULLIS_MCP_STATEMENTS);
  std::set<std::string> refused;
  int calls = 0, reads = 0;
  for (std::string line; std::getline(file, line);) {
    const auto document = read_json(line);
    ASSERT_TRUE(document.root && document.root->find("sql")) << line;
    const auto facts = portcullis::testing::analyze_on_big_stack(document.root->find("sql")->string);
    ASSERT_TRUE(facts) << line;
    for (const auto& statement : facts->statements)
      for (const auto& effect : statement.effects) {
        const auto& schema = effect.object.schema.empty() ? "pg_catalog" : effect.object.schema;
        if (effect.kind == sql::ObjectKind::function && !effect.attribute_notation) {
          const auto* function = builtin_function(schema, effect.object.name);
          if (!function || function->decision == BuiltinDecision::refuse) refused.insert(effect.object.name);
          ++calls;
        } else if (effect.action == sql::Action::select && effect.kind == sql::ObjectKind::relation) {
          const auto* relation = builtin_catalog(schema, effect.object.name);
          if (relation && relation->decision == BuiltinDecision::refuse) refused.insert(effect.object.name);
          reads += relation != nullptr;
        }
      }
  }
  // One of them lists functions with pg_authid, which only superusers can read; pg_roles has the names for
  // everybody.
  EXPECT_THAT(refused, ElementsAre("pg_authid"));
  EXPECT_GT(calls, 50);
  EXPECT_GT(reads, 100);
}

}  // namespace
}  // namespace portcullis::policy
