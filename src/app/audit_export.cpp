#include "app/audit_export.hpp"

#include <nlohmann/json.hpp>

#include "app/opened_entry.hpp"
#include "app/statement_output.hpp"
#include "app/version.hpp"
#include "audit/sha256_stream.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::json;

constexpr int kManifestVersion = 1;
constexpr std::size_t kPiece = std::size_t{256} << 10;

base::Error wrong(const std::string& message) {
  return {.code = base::sqlstate::invalid_parameter_value, .message = message};
}

// Hashes what it gives on.
class Pieces {
 public:
  explicit Pieces(const std::function<bool(std::string_view)>& write) : write_(write) {}
  bool add(std::string_view bytes) {
    buffer_ += bytes;
    return buffer_.size() < kPiece || flush();
  }
  bool flush() {
    hash_.add(buffer_);
    is_taken_ = is_taken_ && write_(buffer_);
    buffer_.clear();
    return is_taken_;
  }
  [[nodiscard]] const audit::Sha256Stream& hash() const { return hash_; }

 private:
  const std::function<bool(std::string_view)>& write_;
  audit::Sha256Stream hash_;
  std::string buffer_;
  bool is_taken_ = true;
};

base::Result<audit::ReadFacts> write_entries(const std::filesystem::path& directory,
                                             const audit::ReadOptions& options, Pieces& pieces,
                                             EvidenceBuilder& evidence) {
  const auto add = [&](const audit::EntryReader& entry) {
    return options.keys == nullptr ? pieces.add(entry.line()) : pieces.add(opened_line(entry, *options.keys));
  };
  return audit::read_entries(directory, options,
                             [&](const audit::EntryReader& entry, const audit::SessionFacts*) {
                               evidence.add(audit::leaf_hash(entry.line()));
                               return add(entry) && pieces.add("\n");
                             });
}

base::Result<audit::ReadFacts> write_statements(const std::filesystem::path& directory,
                                                const audit::ReadOptions& options, Pieces& pieces,
                                                EvidenceBuilder& evidence) {
  if (!pieces.add(csv_record(csv_columns()))) return audit::ReadFacts{};
  return audit::read_statements(directory, options, [&](const audit::Statement& statement) {
    evidence.add(statement);
    return pieces.add(csv_record(csv_cells(statement)));
  });
}

const char* name(ExportFormat format) {
  return format == ExportFormat::csv ? "csv" : "jsonl";
}

// "export csv", "export jsonl opened"
std::string command_of(const ExportQuestion& question) {
  return std::string("export ") + name(question.format) + (question.opened ? " opened" : "");
}

base::Result<ExportFormat> format_named(const std::string& text) {
  if (text == "csv") return ExportFormat::csv;
  if (text == "jsonl") return ExportFormat::jsonl;
  return wrong("its format \"" + text + "\" is not known: check it with the portcullis that wrote it");
}

}  // namespace

base::Result<ExportSummary> make_export(const std::filesystem::path& directory,
                                        const ExportQuestion& question, audit::Unsealer* keys,
                                        const std::function<bool(std::string_view)>& write) {
  audit::ReadOptions options = question.options;
  options.texts = options.outcomes = true;
  options.keys = keys;
  Pieces pieces(write);
  EvidenceBuilder evidence;
  const auto facts = question.format == ExportFormat::csv
                         ? write_statements(directory, options, pieces, evidence)
                         : write_entries(directory, options, pieces, evidence);
  if (!facts) return facts.error();
  if (!pieces.flush()) return base::Error{base::sqlstate::io_error, "the file could not be written"};
  auto rests_on =
      evidence.finish(directory, canonical_query(command_of(question), options, facts->as_of), *facts);
  if (!rests_on) return rests_on.error();
  ExportSummary summary;
  summary.evidence = std::move(*rests_on);
  summary.records = facts->matched;
  summary.bytes = pieces.hash().bytes();
  summary.sha256 = audit::to_hex(pieces.hash().hash());
  return summary;
}

std::string manifest_text(const ExportSummary& summary, ExportFormat format,
                          const std::filesystem::path& file) {
  const Json manifest{
      {"manifest", kManifestVersion}, {"tool", "portcullis " + std::string(version())},
      {"format", name(format)},       {"file", file.filename().string()},
      {"bytes", summary.bytes},       {"sha256", summary.sha256},
      {"records", summary.records},   {"evidence", Json::parse(to_json_text(summary.evidence))}};
  return manifest.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

base::Result<Manifest> read_manifest(const std::string& text) {
  try {
    const Json value = Json::parse(text);
    if (value.at("manifest").get<int>() != kManifestVersion)
      return wrong("it is a manifest of another version: check it with the portcullis that wrote it");
    const auto format = format_named(value.at("format").get<std::string>());
    if (!format) return format.error();
    const Json& evidence = value.at("evidence");
    Manifest manifest;
    manifest.question.format = *format;
    manifest.tool = value.at("tool").get<std::string>();
    manifest.sha256 = value.at("sha256").get<std::string>();
    manifest.bytes = value.at("bytes").get<std::uint64_t>();
    manifest.records = value.at("records").get<std::uint64_t>();
    manifest.origin = evidence.at("origin").get<std::string>();
    manifest.query = evidence.at("query").get<std::string>();
    manifest.leaves = evidence.at("list_entries").get<std::uint64_t>();
    manifest.list_root = evidence.at("list_root").get<std::string>();
    std::string command;
    auto options = read_query(manifest.query, command);
    if (!options) return options.error();
    manifest.question.opened = command.ends_with(" opened");
    if (command != command_of(manifest.question))
      return wrong("its question is none of an export: \"" + command + "\"");
    if (audit::sha256_hex(manifest.query) != evidence.at("query_sha256").get<std::string>())
      return wrong("the hash of its question is not that of the question");
    manifest.question.options = std::move(*options);
    return manifest;
  } catch (const Json::exception& problem) {
    return wrong(std::string("it is no manifest: ") + problem.what());
  }
}

std::filesystem::path manifest_file(const std::filesystem::path& file) {
  auto manifest = file;
  manifest += ".manifest.json";
  return manifest;
}

}  // namespace portcullis::app
