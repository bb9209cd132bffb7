#include "portcullis/policy/policy_set.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "policy/rules.hpp"

namespace portcullis::policy {
namespace {

// Empty when the library has no SHA-256: then nothing can be audited, and the policy must not load.
std::string sha256_hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) return {};
  return base::to_hex({reinterpret_cast<const char*>(digest.data()), length});
}

}  // namespace

PolicySet::PolicySet() : rules_(std::make_unique<Rules>()) {}
PolicySet::~PolicySet() = default;
PolicySet::PolicySet(PolicySet&&) noexcept = default;
PolicySet& PolicySet::operator=(PolicySet&&) noexcept = default;

PolicySet::Loaded PolicySet::load(std::string_view text) {
  Loaded loaded;
  auto data = read_policy(text, loaded.problems);
  if (!data) return loaded;
  data->bytes = text;
  data->hash = sha256_hex(text);
  if (data->hash.empty()) {
    loaded.problems.push_back(
        {1, 1, "OpenSSL offers no SHA-256, so the policy cannot be named in the audit log"});
    return loaded;
  }
  PolicySet set;
  static_cast<PolicyData&>(*set.rules_) = std::move(*data);
  loaded.policy.emplace(std::move(set));
  return loaded;
}

const std::string& PolicySet::policy_name() const noexcept {
  return rules_->name;
}
const std::string& PolicySet::bytes() const noexcept {
  return rules_->bytes;
}
const std::string& PolicySet::hash() const noexcept {
  return rules_->hash;
}
const std::vector<Agent>& PolicySet::agents() const noexcept {
  return rules_->agents;
}
const std::vector<PolicyTest>& PolicySet::tests() const noexcept {
  return rules_->tests;
}

bool PolicySet::monitors() const noexcept {
  return rules_->monitored;
}
bool PolicySet::forwards_not_understood(std::string_view agent) const noexcept {
  return rules_->monitored && rules_->protections.empty() && agent_by_name(agent) != nullptr;
}

const Agent* PolicySet::agent_by_login(std::string_view login) const noexcept {
  const auto found =
      std::find_if(agents().begin(), agents().end(), [&](const Agent& a) { return a.login == login; });
  return found == agents().end() ? nullptr : &*found;
}

const Agent* PolicySet::agent_by_name(std::string_view name) const noexcept {
  const auto found =
      std::find_if(agents().begin(), agents().end(), [&](const Agent& a) { return a.name == name; });
  return found == agents().end() ? nullptr : &*found;
}

Decision PolicySet::evaluate(const catalog::Resolution& resolution, const Context& context,
                             const Bound* bound) const {
  return policy::evaluate(*rules_, resolution, context, bound);
}

Bound PolicySet::bind(const catalog::Snapshot& snapshot, const Bound* earlier) const {
  return policy::bind(*rules_, snapshot, earlier);
}

Bound PolicySet::bind(const Known& known) const {
  return policy::bind(*rules_, known);
}

const Limits& PolicySet::limits() const noexcept {
  return rules_->limits;
}

std::vector<ResultLimits> PolicySet::result_limits(const sql::Facts& facts,
                                                   const catalog::Resolution& resolution,
                                                   std::string_view agent) const {
  return policy::result_limits(*rules_, facts, resolution, agent);
}

std::vector<RuleUse> PolicySet::rule_uses(const sql::Facts& facts, const catalog::Resolution& resolution,
                                          std::string_view agent) const {
  return policy::rule_uses(*rules_, facts, resolution, agent);
}

std::vector<DryRunDuty> PolicySet::dry_run_duties(const sql::Facts& facts,
                                                  const catalog::Resolution& resolution,
                                                  std::string_view agent) const {
  return policy::dry_run_duties(*rules_, facts, resolution, agent);
}
bool PolicySet::requires_dry_runs() const noexcept {
  const auto& rules = rules_->rules;
  return !rules_->monitored && std::any_of(rules.begin(), rules.end(), [](const Rule& rule) {
    return rule.dry_run.has_value() && !rule.monitored;
  });
}
std::optional<RowLimit> PolicySet::row_limit(const catalog::Resolution& resolution, std::string_view agent,
                                             std::optional<std::uint64_t> values_rows) const {
  return policy::row_limit(*rules_, resolution, agent, values_rows);
}
std::optional<RowLimit> PolicySet::strictest_row_limit(std::string_view agent) const {
  return policy::strictest_row_limit(*rules_, agent);
}

std::string PolicySet::allowed_summary(std::string_view agent, std::size_t limit) const {
  return summarize_allowed(*rules_, agent, limit);
}

std::string PolicySet::nearest_allowed(std::string_view agent, const EffectDecision& refused) const {
  return policy::nearest_allowed(*rules_, agent, refused);
}

Explanation PolicySet::explain(std::string_view agent) const {
  return policy::explain(*rules_, agent);
}

std::string to_text(const std::vector<Problem>& problems, std::string_view file) {
  std::string text;
  for (const Problem& problem : problems) {
    std::string line = std::string(file) + ":" + std::to_string(problem.line) + ":" +
                       std::to_string(problem.column) + ": " + problem.message;
    // What the file says is quoted in messages: it must not break the line, nor move a terminal's cursor.
    std::replace_if(
        line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, '?');
    text += line + "\n";
  }
  return text;
}

}  // namespace portcullis::policy
