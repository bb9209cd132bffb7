#include <new>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/audit_command.hpp"
#include "app/progress.hpp"
#include "app/text_table.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::app {
namespace {

std::string_view name(audit::VerifyResult result) {
  switch (result) {
    case audit::VerifyResult::clean: return "clean";
    case audit::VerifyResult::tampered: return "TAMPERED";
    case audit::VerifyResult::incomplete: return "INCOMPLETE";
  }
  return "";
}

// What stands in an altered log is quoted in findings: it must not drive a terminal, nor look like a line of
// ours.
void print(const audit::Finding& finding, std::ostream& out) {
  if (!finding.file.empty()) out << printable(finding.file) << ":" << finding.line << ": ";
  out << finding.check << ", entry " << finding.index << ": " << printable(finding.message) << "\n";
}

// "all 20 entries", "17 of 20 entries".
std::string share(std::uint64_t part, std::uint64_t all) {
  if (part == all) return "all " + std::to_string(all) + " entries";
  return (part == 0 ? "none" : std::to_string(part)) + " of " + std::to_string(all) + " entries";
}

void print_key(const audit::VerifyReport& report, bool any_given, std::ostream& out) {
  out << "signed: " << share(report.covered, report.whole) << ", by " << printable(report.key) << "\n";
  if (report.key_is_trusted) {
    out << "key: given, or put in force by one given\n";
  } else if (!any_given) {
    out << "key: not given; to prove who signed, add --key with the log's public key\n";
  }
}

void print_anchor(const audit::VerifyReport& report, bool any_given, std::ostream& out) {
  if (report.anchored > 0) {
    out << "anchored: " << share(report.anchored, report.whole);
    if (report.anchored < report.whole) out << "; of those behind, the end could have been cut off unseen";
    out << "\n";
  } else if (!any_given) {
    out << "anchored: nothing; to prove that no end was cut off, add --anchor with a checkpoint kept "
           "elsewhere\n";
  }
}

// What the signatures prove. Of a log that was tampered with nothing is worth saying but that.
void print_proven(const audit::VerifyReport& report, const VerifyAuditOptions& options, std::ostream& out) {
  if (report.result == audit::VerifyResult::tampered || report.key.empty()) return;
  print_key(report, !options.keys.empty(), out);
  print_anchor(report, !options.anchors.empty(), out);
}

// Of a log that begins later nobody is to believe that all of it was looked at.
void print_pruned(const audit::VerifyReport& report, std::ostream& out) {
  if (report.pruned_by.empty()) return;
  out << "pruned: the entries 0 to " << report.first - 1 << ", by the order " << report.pruned_by
      << " of entry " << report.pruned_at
      << "; what they said is not checked, nor what the rest of the start that wrote entry " << report.first
      << " rests on in them: policies, counts, decisions, heartbeats, and orders before its first "
         "configuration\n";
}

// What a crash leaves is no violation, and still something to ask about.
void print_crashes(const audit::VerifyReport& report, std::ostream& out) {
  if (report.recovered > 0)
    out << "crashes: " << report.recovered << "; each is followed by an entry \"recovered\"\n";
  if (report.unresolved > 0)
    out << "unresolved: " << report.unresolved
        << " allowed statements have no outcome; what became of them, the database knows\n";
}

// Nothing, and said why, where one of them cannot be taken.
std::optional<std::vector<audit::VerifierKey>> read_keys(const VerifyAuditOptions& options,
                                                         Console& console) {
  std::vector<audit::VerifierKey> keys;
  for (const auto& file : options.keys) {
    auto key = audit::read_vkey_file(file);
    if (!key) {
      console.err << "portcullis: " << printable(key.error().message) << "\n";
      return std::nullopt;
    }
    keys.push_back(std::move(*key));
  }
  return keys;
}

}  // namespace

int verify_audit(const VerifyAuditOptions& options, Console& console) try {
  auto keys = read_keys(options, console);
  if (!keys) return static_cast<int>(audit::VerifyResult::incomplete);
  const auto report = [&] {
    Progress progress(console, "verifying");
    return audit::verify(options.directory,
                         {std::move(*keys), options.anchors, options.threads, options.sealing_keys},
                         [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
  }();
  for (const auto& finding : report.findings) print(finding, console.out);
  print_pruned(report, console.out);
  print_crashes(report, console.out);
  print_proven(report, options, console.out);
  console.out << name(report.result) << ": " << report.entries << " entries in " << report.segments
              << " segments, " << report.decisions << " decisions, " << report.outcomes << " outcomes";
  if (!report.root.empty()) console.out << "; root " << report.root;
  if (!report.last_leaf.empty()) console.out << "; last leaf " << report.last_leaf;
  console.out << "\n";
  return static_cast<int>(report.result);
} catch (const std::bad_alloc&) {
  // 1 would say that the log was tampered with.
  console.err << "portcullis: not enough memory to verify the log: free some, or try --threads 1\n";
  return static_cast<int>(audit::VerifyResult::incomplete);
}

}  // namespace portcullis::app
