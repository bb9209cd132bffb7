#include "app/config_audit.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "app/config_erasure.hpp"
#include "audit/key_file.hpp"
#include "audit/sealing_folder.hpp"

namespace portcullis::app {
namespace {

using namespace std::chrono_literals;
using policy::JsonValue;

void read_key(ConfigSection& section, std::string_view name, const std::string& origin, SigningKeyFile& key) {
  section.read(name, key.file);
  if (key.file.empty()) return;
  auto read = audit::read_key_file(key.file);
  if (!read) return section.complain(name, read.error().message);
  if (read->name != origin) {
    section.complain(name, "the key is for the log \"" + read->name + "\", and \"origin\" is \"" + origin +
                               "\": make one with portcullis audit keygen --name " + origin);
  }
  key.key = std::make_shared<const audit::NamedKey>(std::move(*read));
}

void read_text(ConfigSection& section, AuditConfig& audit) {
  const auto mode = section.read_choice("text", {"sealed", "plain", "none"});
  if (mode == "plain") audit.text = audit::TextMode::plain;
  if (mode == "none") audit.text = audit::TextMode::none;
}

// Without a slash at its end, and the same by whatever way.
std::filesystem::path plain(const std::filesystem::path& path) {
  std::error_code ignored;
  auto real = std::filesystem::weakly_canonical(path, ignored);
  if (real.empty()) real = path.lexically_normal();
  return real.has_filename() ? real : real.parent_path();
}

bool is_within(const std::filesystem::path& path, const std::filesystem::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first == folder.end();
}

void read_sealing_keys(ConfigSection& section, AuditConfig& audit) {
  section.read("sealing_keys", audit.sealing_keys);
  if (audit.directory.empty()) return;
  if (audit.sealing_keys.empty()) {
    audit.sealing_keys = audit.directory.has_filename() ? audit.directory : audit.directory.parent_path();
    audit.sealing_keys += ".keys";
  }
  if (is_within(plain(audit.sealing_keys), plain(audit.directory))) {
    return section.complain(
        "sealing_keys",
        "the keys are in the folder of the log, whose copies then hold them: name a folder "
        "beside it");
  }
  if (audit.text != audit::TextMode::sealed || !std::filesystem::exists(audit.sealing_keys)) return;
  if (const auto opened = audit::SealingFolder::open(audit.sealing_keys); !opened)
    section.complain("sealing_keys", opened.error().message);
}

bool is_anchor_name(std::string_view name) {
  constexpr std::size_t kLongest = 63;
  const auto is_fit = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= kLongest && std::all_of(name.begin(), name.end(), is_fit);
}

// What is not given to just one place, or cannot be run from anywhere.
void check_place(ConfigSection& section, const AnchorConfig& anchor) {
  if (section.has("file") == section.has("command")) {
    section.complain("file", "an anchor has a \"file\" or a \"command\": give one of the two");
  } else if (section.has("command") &&
             (anchor.command.empty() || !std::filesystem::path(anchor.command.front()).is_absolute())) {
    section.complain("command",
                     "\"command\" begins with the full path of a program: [\"/usr/local/bin/keep\"]");
  }
}

void read_anchors(const JsonValue& object, ConfigSource& source, AuditConfig& audit) {
  constexpr std::size_t kMost = 16;
  for (const auto& member : object.members) {
    ConfigSection section(member.value, "audit.anchors." + member.key, source);
    AnchorConfig anchor;
    anchor.name = member.key;
    section.read("file", anchor.file);
    section.read("command", anchor.command);
    anchor.require =
        section.read_choice("require", {"alert", "deny_changes", "deny"}).value_or(anchor.require);
    section.read_duration("within", 1s, 24h, anchor.within);
    section.finish();
    check_place(section, anchor);
    if (!is_anchor_name(anchor.name)) {
      section.complain("", "\"" + anchor.name +
                               "\" cannot name an anchor: take 1 to 63 of a to z, 0 to 9, \"_\" and \"-\"");
    }
    audit.anchors.push_back(std::move(anchor));
  }
  if (object.members.size() > kMost)
    ConfigSection(object, "audit.anchors", source)
        .complain("", "there can be 16 anchors at most: take some out");
}

}  // namespace

void read_audit(const policy::JsonValue& object, ConfigSource& source, AuditConfig& audit) {
  ConfigSection section(object, "audit", source);
  section.require("directory", "name the folder for the log");
  section.read("directory", audit.directory);
  read_text(section, audit);
  read_sealing_keys(section, audit);
  section.read("origin", audit.origin);
  section.read_duration("segment_age", 1min, 31 * 24h, audit.segment_age);
  section.read_duration("reads", 1ms, 10s, audit.reads_within, "sync");
  read_key(section, "key", audit.origin, audit.key);
  read_key(section, "previous_key", audit.origin, audit.previous_key);
  if (section.has("previous_key") && !section.has("key"))
    section.complain("previous_key",
                     "\"previous_key\" needs \"key\": name the file of the key that signs from now on");
  if (const auto* anchors = section.read_object("anchors")) read_anchors(*anchors, source, audit);
  if (!audit.anchors.empty() && !section.has("key"))
    section.complain("anchors", "\"anchors\" need \"key\": without one there are no checkpoints to keep");
  read_erasure(section, source, audit);
  section.finish();
}

}  // namespace portcullis::app
