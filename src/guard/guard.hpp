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
  // What the agent says about itself for the session; a comment in the text can add to it.
  const sql::Claims* claims = nullptr;
};

class Guard {
 public:
  // `bound`: what the policy's bind() gave for the database that requests are about; null where there is
  // none.
  explicit Guard(std::shared_ptr<const policy::PolicySet> policy,
                 std::shared_ptr<const policy::Bound> bound = nullptr);

  // Thread-safe and pure.
  [[nodiscard]] Verdict decide(const sql::Facts& facts, const Request& request) const;
  // The verdict on what cannot be judged, be it a text that sql::analyze refused or a name that nobody made:
  // a refusal with that error, but where the policy forwards what it does not understand. The facts of what
  // goes on are sql::not_understood_facts().
  [[nodiscard]] Verdict not_understood(const base::Error& analysis_error, std::string_view agent) const;
  // Whatever no policy lets through, in any mode.
  [[nodiscard]] static Verdict refuse(const base::Error& error);
  // What becomes of a verdict that allows when a rate says no: a refusal, or would_deny in mode "monitor".
  [[nodiscard]] Verdict over_limit(Verdict verdict, base::Error refusal) const;

  // The same policy held against another state of the same database: what was protected or pinned stays so.
  [[nodiscard]] std::shared_ptr<const Guard> with_catalog(const catalog::Snapshot& snapshot) const;

  [[nodiscard]] const policy::PolicySet& policy() const noexcept { return *policy_; }

 private:
  void explain(Verdict& verdict, const Request& request) const;
  static void hold_to_dry_runs(Verdict& verdict, const sql::Facts& facts);
  void limit_rows(Verdict& verdict, const sql::Facts& facts, const catalog::Resolution& resolution,
                  std::string_view agent) const;

  std::shared_ptr<const policy::PolicySet> policy_;
  std::shared_ptr<const policy::Bound> bound_;
};

}  // namespace portcullis::guard
