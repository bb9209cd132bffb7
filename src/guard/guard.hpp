// The one decision point: wire, command line and every later door judge through here.
#pragma once

#include <memory>
#include <string_view>

#include "portcullis/catalog/resolution.hpp"
#include "portcullis/catalog/snapshot.hpp"
#include "portcullis/guard/verdict.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::guard {

struct Request {
  std::string_view agent;
  const catalog::NameSpace* names = nullptr;    // how the session sees names; never null in use
  const catalog::Snapshot* snapshot = nullptr;  // null: names stand for whatever they could mean
  std::string_view text;                        // for positions in refusals
};

class Guard {
 public:
  // `bound`: what the policy's bind() gave for the database that requests are about; null where there is
  // none.
  explicit Guard(std::shared_ptr<const policy::PolicySet> policy,
                 std::shared_ptr<const policy::Bound> bound = nullptr);

  // Thread-safe and pure.
  [[nodiscard]] Verdict decide(const sql::Facts& facts, const Request& request) const;
  // The verdict on a text that sql::analyze refused: always a refusal, with the analysis' own SQLSTATE.
  [[nodiscard]] static Verdict refuse(const base::Error& analysis_error);

  // The same policy held against another state of the same database: what was protected or pinned stays so.
  [[nodiscard]] std::shared_ptr<const Guard> with_catalog(const catalog::Snapshot& snapshot) const;

  [[nodiscard]] const policy::PolicySet& policy() const noexcept { return *policy_; }

 private:
  std::shared_ptr<const policy::PolicySet> policy_;
  std::shared_ptr<const policy::Bound> bound_;
};

}  // namespace portcullis::guard
