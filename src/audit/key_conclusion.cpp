#include "audit/key_conclusion.hpp"

namespace portcullis::audit {
namespace {

// Whoever takes the signatures off a log has to make it anew: then it looks like one that never had any,
// but to those who have its key.
void conclude_unsigned(const KeyHistory& keys, const KeyHistory::Report& add) {
  if (keys.any_given()) {
    return add(VerifyResult::tampered, "key",
               "nobody signs this log, and a key was given: it was made anew, or is another log; keep the "
               "files as "
               "evidence, and look for a copy from elsewhere");
  }
  add(VerifyResult::incomplete, "unsigned",
      "nobody signs this log: whoever can write its files can make it anew as a whole. Keep the root or "
      "the "
      "last leaf below elsewhere, and compare them the next time");
}

void conclude_on_trust(const KeyHistory& keys, const KeyHistory::InForce& key,
                       const KeyHistory::Report& add) {
  if (!keys.any_given()) {
    return add(VerifyResult::incomplete, "no key",
               "whoever made this log may have made its key as well: give the public key with --key, from a "
               "place that the gate's machine cannot change");
  }
  if (key.trusted) return;
  add(VerifyResult::tampered, "key",
      "the log is signed by " + key.text +
          ", which is none of the keys given, and none of them put it in force: the log was made anew, or "
          "this is another log's key");
}

}  // namespace

void conclude_on_key(const KeyHistory& keys, VerifyReport& report, const KeyHistory::Report& add) {
  const auto* key = keys.at_end();
  if (key == nullptr) return conclude_unsigned(keys, add);
  report.key = key->text;
  report.key_is_trusted = key->trusted;
  conclude_on_trust(keys, *key, add);
  if (report.covered == report.whole) return;
  add(VerifyResult::incomplete, "unsigned",
      "no note covers the entries from " + std::to_string(report.covered) +
          " on: check again once the gate has signed them, which takes it a second, or its next start");
}

}  // namespace portcullis::audit
