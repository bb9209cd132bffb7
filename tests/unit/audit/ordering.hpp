// Orders for tests, and people who sign them.
#pragma once

#include <string>
#include <vector>

#include "audit/order_file.hpp"
#include "tests/unit/audit/signing.hpp"

namespace portcullis::testing {

inline audit::VerifierKey public_key_of(const audit::NamedKey& key) {
  return audit::read_vkey(audit::vkey_text(key.name, key.key.public_key())).value();
}

// Behind what was signed before.
inline std::string with_signature(std::string order, const audit::NamedKey& key) {
  const auto text = order.substr(0, order.find("\n\n") + 1);
  return order + audit::signature_line(key, text).value();
}

// The whole file, signed by all of these.
inline std::string signed_order(const audit::Order& order, const std::vector<const audit::NamedKey*>& keys) {
  std::string bytes = audit::to_text(order) + "\n";
  for (const auto* key : keys) bytes = with_signature(std::move(bytes), *key);
  return bytes;
}

inline audit::Order an_order(audit::OrderAction action, std::vector<audit::IndexRange> records,
                             audit::SealClassSet classes = audit::SealClassSet::all()) {
  audit::Order order;
  order.origin = kExampleOrigin;
  order.action = action;
  order.records = std::move(records);
  order.classes = classes;
  order.basis = "Art. 17 GDPR, asked for by the person";
  order.micros = 1'790'000'000'000'000;
  return order;
}

inline audit::Order a_release(std::string hash) {
  audit::Order order = an_order(audit::OrderAction::release, {}, {});
  order.hold = std::move(hash);
  return order;
}

}  // namespace portcullis::testing
