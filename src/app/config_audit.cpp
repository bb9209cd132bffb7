#include "app/config_audit.hpp"

#include "audit/key_file.hpp"

namespace portcullis::app {
namespace {

using namespace std::chrono_literals;

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

}  // namespace

void read_audit(const policy::JsonValue& object, ConfigSource& source, AuditConfig& audit) {
  ConfigSection section(object, "audit", source);
  section.require("directory", "name the folder for the log");
  section.read("directory", audit.directory);
  audit.store_text = section.read_choice("text", {"plain", "none"}).value_or("plain") == "plain";
  section.read("origin", audit.origin);
  section.read_duration("segment_age", 1min, 31 * 24h, audit.segment_age);
  read_key(section, "key", audit.origin, audit.key);
  read_key(section, "previous_key", audit.origin, audit.previous_key);
  if (section.has("previous_key") && !section.has("key"))
    section.complain("previous_key",
                     "\"previous_key\" needs \"key\": name the file of the key that signs from now on");
  section.finish();
}

}  // namespace portcullis::app
