// `portcullis audit export`: writes new files, or none.
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

#include "app/audit_command.hpp"
#include "app/audit_export.hpp"
#include "app/exit_code.hpp"
#include "app/progress.hpp"
#include "app/text_table.hpp"
#include "base/descriptor.hpp"

namespace portcullis::app {
namespace {

base::Error cannot_write(const std::filesystem::path& file, int error) {
  if (error == EEXIST)
    return {
        base::sqlstate::io_error,
        "\"" + file.string() + "\" is there already, and an export overwrites nothing: name another file"};
  return {base::sqlstate::io_error,
          "cannot write \"" + file.string() + "\": " + std::generic_category().message(error)};
}

// A file that is made, and goes again unless it is kept.
class NewFile {
 public:
  explicit NewFile(std::filesystem::path path)
      : path_(std::move(path)),
        file_(::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600)),
        error_(file_.is_open() ? 0 : errno),
        is_kept_(!file_.is_open()) {}
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    if (!is_kept_) ::unlink(path_.c_str());
  }

  bool write(std::string_view bytes) {
    while (error_ == 0 && !bytes.empty()) {
      const ssize_t count = ::write(file_.get(), bytes.data(), bytes.size());
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) error_ = errno;
      if (count > 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    }
    return error_ == 0;
  }
  bool sync() {
    if (error_ == 0 && ::fsync(file_.get()) != 0) error_ = errno;
    return error_ == 0;
  }
  void keep() { is_kept_ = true; }
  [[nodiscard]] bool is_good() const { return error_ == 0; }
  [[nodiscard]] base::Error error() const { return cannot_write(path_, error_); }

 private:
  std::filesystem::path path_;
  base::Descriptor file_;
  int error_;
  bool is_kept_;
};

// The names of both, too.
bool sync_folder(const std::filesystem::path& file) {
  const auto folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const base::Descriptor opened(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return opened.is_open() && ::fsync(opened.get()) == 0;
}

// A file of another name that ends like a segment would keep the gate from its next start.
bool is_in_log(const ExportOptions& options) {
  std::error_code failed;
  const auto folder = options.out.has_parent_path() ? options.out.parent_path() : std::filesystem::path(".");
  return std::filesystem::equivalent(folder, options.directory, failed);
}

base::Result<ExportSummary> one_pass(const ExportOptions& options, const ExportQuestion& question,
                                     audit::Unsealer* keys, Console& console,
                                     const std::function<bool(std::string_view)>& write) {
  Progress progress(console, "exporting");
  ExportQuestion watched = question;
  watched.options.progress = [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); };
  return make_export(options.directory, watched, keys, write);
}

// With texts that are opened, first for the hash alone, which the log has before anything is written.
base::Result<ExportSummary> recorded_export(const ExportOptions& options, ExportQuestion& question,
                                            NewFile& file, Console& console) {
  const auto write = [&](std::string_view bytes) { return file.write(bytes); };
  if (!question.opened) return one_pass(options, question, nullptr, console, write);
  auto keys = audit::Unsealer::open(options.open.keys);
  if (!keys) return keys.error();
  const auto first = one_pass(options, question, &*keys, console, [](std::string_view) { return true; });
  if (!first || first->evidence.facts.is_empty) return first;
  question.options.as_of = first->evidence.facts.as_of;
  const auto recorded = record_reading(options.open, options.directory, keys->opened(), first->sha256);
  if (!recorded) return recorded.error();
  auto again = one_pass(options, question, &*keys, console, write);
  if (again && again->sha256 != first->sha256) {
    return base::Error{
        base::sqlstate::io_error,
        "the log gave other texts than a moment before, which were erased perhaps: run this again"};
  }
  return again;
}

}  // namespace

int export_audit(const ExportOptions& options, Console& console) {
  auto read = to_read_options(options.filter);
  if (!read) return fail(console, kUsage, read.error());
  if (is_in_log(options))
    return fail(
        console, kUsage,
        {base::sqlstate::invalid_parameter_value,
         "\"" + options.out.string() + "\" would lie in the log's own folder: name a file elsewhere"});
  ExportQuestion question{options.format == "csv" ? ExportFormat::csv : ExportFormat::jsonl, std::move(*read),
                          !options.open.keys.empty()};
  NewFile file(options.out), manifest(manifest_file(options.out));
  if (!file.is_good()) return fail(console, kFailure, file.error());
  if (!manifest.is_good()) return fail(console, kFailure, manifest.error());
  const auto made = recorded_export(options, question, file, console);
  if (!file.is_good()) return fail(console, kFailure, file.error());
  if (!made) return fail(console, kFailure, made.error());
  if (made->evidence.facts.is_empty)
    return fail(console, kFailure,
                {base::sqlstate::io_error, "the log has no entry: there is nothing to export"});
  if (!file.sync()) return fail(console, kFailure, file.error());
  if (!manifest.write(manifest_text(*made, question.format, options.out)) || !manifest.sync())
    return fail(console, kFailure, manifest.error());
  if (!sync_folder(options.out)) return fail(console, kFailure, cannot_write(options.out, errno));
  file.keep();
  manifest.keep();
  console.out << "exported: " << made->records
              << (question.format == ExportFormat::csv ? " statements" : " entries") << ", " << made->bytes
              << " bytes, SHA-256 " << made->sha256 << "\n"
              << to_text(made->evidence);
  return kSuccess;
}

}  // namespace portcullis::app
