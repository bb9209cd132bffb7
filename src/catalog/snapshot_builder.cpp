// Each row into the object that it describes; assembly.cpp puts them together.
#include "catalog/snapshot_builder.hpp"

#include <algorithm>
#include <iterator>

#include "catalog/assembly.hpp"
#include "catalog/queries.hpp"
#include "catalog/row_reader.hpp"

namespace portcullis::catalog {

namespace {

constexpr std::string_view kRelationKinds = "rmvpfSciIt";
constexpr std::string_view kTypeKinds = "bcdeprm";
constexpr std::string_view kFunctionKinds = "fpaw";
constexpr std::string_view kActions = "arcnd";
constexpr std::string_view kObjectKinds = "dctrpsbkoqfaz";
constexpr std::string_view kDependencyKinds = "naiPSex";

Attached::Kind attached_kind(char letter) {
  using Kind = Attached::Kind;
  switch (letter) {
    case 'v': return Kind::view_definition;
    case 'r': return Kind::rule;
    case 't': return Kind::trigger;
    case 'p': return Kind::policy;
    case 'd': return Kind::default_value;
    case 'c': return Kind::check;
    case 'i': return Kind::index;
    case 'k': return Kind::partition_key;
    default: return Kind::statistics;
  }
}
constexpr std::string_view kAttachedKinds = "vrtpdciks";

Events events_of(std::string_view letters) {
  const auto has = [letters](char letter) { return letters.find(letter) != std::string_view::npos; };
  return {
      .select = has('s'), .insert = has('i'), .update = has('u'), .delete_ = has('d'), .truncate = has('t')};
}
constexpr std::string_view kEvents = "siudt";

std::vector<std::string> split_at_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

// One for each query, in the order of its columns: an aggregate's initializers are evaluated left to right.

void read_server(RowReader& row, Rows& rows) {
  rows.data->server_version = row.number();
  rows.data->database = row.text();
  rows.data->fingerprint = row.text();
}

void read_schema(RowReader& row, Rows& rows) {
  rows.data->schemas.push_back({row.oid(), row.text()});
}

void read_relation(RowReader& row, Rows& rows) {
  Relation relation;
  relation.oid = row.oid();
  relation.schema = row.oid();
  relation.name = row.text();
  relation.kind = row.letter<RelationKind>(kRelationKinds);
  relation.temporary = row.boolean();
  relation.row_security = row.boolean();
  relation.table = row.oid();
  rows.data->relations.push_back(std::move(relation));
}

void read_column(RowReader& row, Rows& rows) {
  const Oid relation = row.oid();
  const std::int16_t number = row.column();
  rows.columns.push_back({relation, {number, row.text(), row.oid()}});
}

void read_inheritance(RowReader& row, Rows& rows) {
  rows.inheritance.push_back({row.oid(), row.oid()});
}

void read_foreign_key(RowReader& row, Rows& rows) {
  ForeignKeyRow read;
  read.key.name = row.text();
  read.key.child = row.oid();
  read.key.parent = row.oid();
  read.child_columns = row.columns();
  read.parent_columns = row.columns();
  read.key.on_update = row.letter<ForeignKey::Action>(kActions);
  read.key.on_delete = row.letter<ForeignKey::Action>(kActions);
  rows.foreign_keys.push_back(std::move(read));
}

void read_attached(RowReader& row, Rows& rows) {
  AttachedRow read;
  read.relation = row.oid();
  read.attached.kind = attached_kind(row.letter<char>(kAttachedKinds));
  read.attached.name = row.text();
  read.attached.events = events_of(row.letters(kEvents));
  read.attached.instead = row.boolean();
  read.attached.functions = row.oids();
  read.types = row.oids();
  read.named = row.named_columns();
  rows.attached.push_back(std::move(read));
}

void read_type(RowReader& row, Rows& rows) {
  rows.data->types.push_back({.oid = row.oid(),
                              .schema = row.oid(),
                              .name = row.text(),
                              .kind = row.letter<Type::Kind>(kTypeKinds),
                              .relation = row.oid(),
                              .parts = row.oids(),
                              .functions = row.oids(),
                              .extension = row.text()});
}

void read_function(RowReader& row, Rows& rows) {
  rows.data->functions.push_back({.oid = row.oid(),
                                  .schema = row.oid(),
                                  .name = row.text(),
                                  .arguments = row.text(),
                                  .argument_types = row.oids(),
                                  .defaults = row.number(),
                                  .variadic = row.boolean(),
                                  .result = row.oid(),
                                  .kind = row.letter<Function::Kind>(kFunctionKinds),
                                  .language = row.text(),
                                  .volatility = row.letter<char>("isv"),
                                  .security_definer = row.boolean(),
                                  .body_hash = row.text(),
                                  .extension = row.text()});
}

void read_builtin_function(RowReader& row, Rows& rows) {
  const Oid oid = row.oid();
  rows.data->builtin_function_names[oid] = row.text();
}

void read_operator(RowReader& row, Rows& rows) {
  rows.data->operators.push_back({row.oid(), row.text(), row.oid(), row.oid(), row.oid()});
}

void read_cast(RowReader& row, Rows& rows) {
  rows.data->casts.push_back({row.oid(), row.oid(), row.oid()});
}

void read_event_trigger(RowReader& row, Rows& rows) {
  rows.data->event_triggers.push_back({row.text(), row.text(), split_at_commas(row.text()), row.oid()});
}

ObjectId read_id(RowReader& row, bool has_part) {
  const Catalog catalog = row.catalog();
  const Oid oid = row.oid();
  return {oid, catalog, has_part ? row.part() : std::int16_t{0}};
}

void read_object(RowReader& row, Rows& rows) {
  rows.objects.push_back({.id = read_id(row, false),
                          .kind = row.letter<SmallObject::Kind>(kObjectKinds),
                          .of = row.oid(),
                          .schema = row.oid(),
                          .name = row.text()});
}

void read_dependency(RowReader& row, Rows& rows) {
  const ObjectId dependent = read_id(row, true);
  const ObjectId on = read_id(row, true);
  rows.dependencies.push_back({dependent, on, row.letter<Dependency::Kind>(kDependencyKinds)});
}

struct Reader {
  std::string_view query;
  void (*read)(RowReader& row, Rows& rows);
};
constexpr Reader kReaders[] = {
    {"server", read_server},
    {"schemas", read_schema},
    {"relations", read_relation},
    {"columns", read_column},
    {"inheritance", read_inheritance},
    {"foreign_keys", read_foreign_key},
    {"attached", read_attached},
    {"types", read_type},
    {"functions", read_function},
    {"builtin_functions", read_builtin_function},
    {"operators", read_operator},
    {"casts", read_cast},
    {"event_triggers", read_event_trigger},
    {"objects", read_object},
    {"dependencies", read_dependency},
};

base::Error misuse(std::string text) {
  return {base::sqlstate::internal_error, std::move(text)};
}

}  // namespace

struct SnapshotBuilder::State {
  int server_version = 0;
  Rows rows;
};

SnapshotBuilder::SnapshotBuilder(int server_version) : state_(std::make_unique<State>()) {
  state_->server_version = server_version;
}
SnapshotBuilder::~SnapshotBuilder() = default;

base::Result<void> SnapshotBuilder::add_row(std::size_t query, std::span<const Field> fields) {
  const std::span<const Query> all = queries(state_->server_version);
  if (query >= all.size())
    return misuse("there is no query " + std::to_string(query) + " of the catalog for server version " +
                  std::to_string(state_->server_version) + "; use a release of Portcullis that reads it");
  const auto reader = std::ranges::find(kReaders, all[query].name, &Reader::query);
  RowReader row(all[query], fields);
  reader->read(row, state_->rows);
  return row.end();
}

base::Result<std::shared_ptr<const Snapshot>> SnapshotBuilder::finish() {
  if (state_->rows.data->server_version != state_->server_version)
    return misuse("the catalog's rows are of server version " +
                  std::to_string(state_->rows.data->server_version) + ", not " +
                  std::to_string(state_->server_version) + "; read the catalog again");
  auto data = assemble(std::move(state_->rows));
  if (!data) return data.error();
  return std::make_shared<const Snapshot>(std::move(*data));
}

}  // namespace portcullis::catalog
