// `portcullis audit report integrity`: what was verified, when, by what, against which keys and anchors.
#include <chrono>

#include <nlohmann/json.hpp>

#include "app/audit_command.hpp"
#include "app/exit_code.hpp"
#include "app/progress.hpp"
#include "app/text_table.hpp"
#include "app/version.hpp"
#include "audit/hash.hpp"
#include "audit/note_file.hpp"
#include "audit/read.hpp"
#include "base/clock.hpp"
#include "portcullis/audit/verify.hpp"

namespace portcullis::app {
namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostFile = std::size_t{256} << 20;  // as much as the verifier reads of an anchor

struct Given {
  std::string file, sha256, words;  // of a key the words are the key
};

Given given_file(const std::filesystem::path& file) {
  const auto bytes = audit::read_whole(file, kMostFile);
  return {file.string(), bytes ? audit::sha256_hex(*bytes) : "cannot be read", {}};
}

const char* name(audit::VerifyResult result) {
  switch (result) {
    case audit::VerifyResult::clean: return "clean";
    case audit::VerifyResult::tampered: return "tampered";
    case audit::VerifyResult::incomplete: return "incomplete";
  }
  return "";
}

std::string now_text() {
  const auto now = base::SystemClock{}.wall().time_since_epoch();
  return audit::time_text(std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

Json to_json(const std::vector<Given>& files) {
  Json list = Json::array();
  for (const auto& [file, sha256, words] : files) {
    list.push_back({{"file", file}, {"sha256", sha256}});
    if (!words.empty()) list.back()["key"] = words;
  }
  return list;
}

Json to_json(const audit::VerifyReport& report) {
  Json findings = Json::array();
  for (const auto& finding : report.findings)
    findings.push_back({{"check", finding.check},
                        {"record", finding.index},
                        {"file", finding.file},
                        {"line", finding.line},
                        {"message", finding.message}});
  return {{"result", name(report.result)},
          {"entries", report.entries},
          {"segments", report.segments},
          {"decisions", report.decisions},
          {"outcomes", report.outcomes},
          {"crashes", report.recovered},
          {"unresolved", report.unresolved},
          {"root", report.root},
          {"last_leaf", report.last_leaf},
          {"signed_by", report.key},
          {"key_is_trusted", report.key_is_trusted},
          {"signed_entries", report.covered},
          {"anchored_entries", report.anchored},
          {"findings", std::move(findings)}};
}

int print_json(const IntegrityOptions& options, const std::vector<Given>& keys,
               const std::vector<Given>& anchors, Console& console) {
  std::vector<audit::VerifierKey> trusted;
  for (const auto& file : options.verify.keys) {
    auto key = audit::read_vkey_file(file);
    if (!key) return fail(console, static_cast<int>(audit::VerifyResult::incomplete), key.error());
    trusted.push_back(std::move(*key));
  }
  const std::string begun = now_text();
  const auto report = [&] {
    Progress progress(console, "verifying");
    return audit::verify(options.verify.directory, {std::move(trusted), options.verify.anchors},
                         [&](std::uint64_t done, std::uint64_t total) { progress.show(done, total); });
  }();
  Json value = to_json(report);
  value["report"] = "integrity";
  value["directory"] = options.verify.directory.string();
  value["begun"] = begun;
  value["ended"] = now_text();
  value["by"] = "portcullis " + std::string(version());
  value["keys"] = to_json(keys);
  value["anchors"] = to_json(anchors);
  console.out << value.dump(-1, ' ', false, Json::error_handler_t::replace) << "\n";
  return static_cast<int>(report.result);
}

void print_given(const char* what, const std::vector<Given>& files, std::ostream& out) {
  if (files.empty()) out << what << ": none was given\n";
  for (const auto& [file, sha256, words] : files)
    out << what << ": " << printable(file) << (words.empty() ? "" : ", " + printable(words)) << ", SHA-256 "
        << sha256 << "\n";
}

}  // namespace

// The files are hashed first: the log is checked against what they are now.
int report_integrity(const IntegrityOptions& options, Console& console) {
  std::vector<Given> keys, anchors;
  for (const auto& file : options.verify.keys) {
    keys.push_back(given_file(file));
    const auto key = audit::read_vkey_file(file);
    const auto line = audit::read_whole(file, 4'096);
    if (key && line) keys.back().words = line->substr(0, line->find('\n'));
  }
  for (const auto& file : options.verify.anchors) anchors.push_back(given_file(file));
  if (options.json) return print_json(options, keys, anchors, console);
  console.out << "log: " << printable(std::filesystem::absolute(options.verify.directory).string()) << "\n"
              << "checked: from " << now_text() << " on, by portcullis " << version() << "\n";
  print_given("key", keys, console.out);
  print_given("anchor", anchors, console.out);
  return verify_audit(options.verify, console);
}

}  // namespace portcullis::app
