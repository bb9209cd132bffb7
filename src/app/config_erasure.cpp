#include "app/config_erasure.hpp"

#include <algorithm>
#include <utility>

#include "audit/order_file.hpp"
#include "audit/sealing_file.hpp"

namespace portcullis::app {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMostErasers = 64;
constexpr std::chrono::milliseconds kLongest = 36'525 * 24h;  // 100 years

std::string described(const audit::VerifierKey& key) {
  return "\"" + key.name + "\"";
}

// Two keys of which a signature could not be told apart, or which one person has.
std::string clash(const audit::VerifierKey& one, const audit::VerifierKey& other) {
  if (one.key == other.key)
    return described(one) + " and " + described(other) + " are one key: two of them would be one person";
  if (one.name == other.name) return "two keys are called " + described(one) + ": give each person one";
  if (one.id == other.id) return described(one) + " and " + described(other) + " have the same key id";
  return {};
}

void read_erasers(ConfigSection& section, AuditConfig& audit) {
  if (!section.has("erasers")) return;
  section.read("erasers", audit.erasers);
  std::vector<audit::VerifierKey> keys;
  for (const std::string& text : audit.erasers) {
    auto key = audit::read_vkey(text);
    if (!key) return section.complain("erasers", "\"" + text + "\": " + key.error().message);
    for (const auto& other : keys) {
      if (const auto problem = clash(other, *key); !problem.empty())
        return section.complain("erasers", problem + "; make another with portcullis audit keygen");
    }
    keys.push_back(std::move(*key));
  }
  if (keys.size() < audit::kNeededSigners || keys.size() > kMostErasers)
    section.complain("erasers", "an order needs two signatures: give 2 to 64 public keys, each as text");
}

void read_retention(ConfigSection& parent, ConfigSource& source, AuditConfig& audit) {
  const auto* object = parent.read_object("retention");
  if (object == nullptr) return;
  ConfigSection section(*object, "audit.retention", source);
  for (const std::string_view kind : audit::kSealClasses) {
    if (!section.has(kind)) continue;
    std::chrono::milliseconds kept{0};
    section.read_duration(kind, 1h, kLongest, kept);
    audit.retention.emplace(kind, kept);
  }
  section.finish();
}

}  // namespace

void read_erasure(ConfigSection& section, ConfigSource& source, AuditConfig& audit) {
  read_erasers(section, audit);
  read_retention(section, source, audit);
}

}  // namespace portcullis::app
