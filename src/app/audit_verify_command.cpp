#include <string>

#include "app/audit_command.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::app {
namespace {

// One line on a terminal, written over as the number grows and wiped at the end.
class Progress {
 public:
  explicit Progress(Console& console) : console_(console) {}
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  ~Progress() {
    if (shown_ >= 0) console_.err << "\r\033[K" << std::flush;
  }
  void show(std::uint64_t done, std::uint64_t total) {
    if (!console_.err_is_terminal || total == 0) return;
    const int percent = static_cast<int>(static_cast<double>(done) * 100 / static_cast<double>(total));
    if (percent == shown_) return;
    shown_ = percent;
    console_.err << "\rverifying: " << percent << " % of " << (total >> 20) << " MiB" << std::flush;
  }

 private:
  Console& console_;
  int shown_ = -1;
};

std::string_view name(audit::VerifyResult result) {
  switch (result) {
    case audit::VerifyResult::clean: return "clean";
    case audit::VerifyResult::tampered: return "TAMPERED";
    case audit::VerifyResult::incomplete: return "INCOMPLETE";
  }
  return "";
}

void print(const audit::Finding& finding, std::ostream& out) {
  if (!finding.file.empty()) out << finding.file << ":" << finding.line << ": ";
  out << finding.check << ", entry " << finding.index << ": " << finding.message << "\n";
}

}  // namespace

int verify_audit(const std::filesystem::path& directory, Console& console) {
  const auto report = [&] {
    Progress progress(console);
    return audit::verify(directory,
                         [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
  }();
  for (const auto& finding : report.findings) print(finding, console.out);
  console.out << name(report.result) << ": " << report.entries << " entries in " << report.segments
              << " segments, " << report.decisions << " decisions, " << report.outcomes << " outcomes";
  if (!report.root.empty()) console.out << "; root " << report.root;
  if (!report.last_leaf.empty()) console.out << "; last leaf " << report.last_leaf;
  console.out << "\n";
  return static_cast<int>(report.result);
}

}  // namespace portcullis::app
