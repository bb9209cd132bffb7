// The one decision point: wire, command line and every later door judge through here.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/guard/verdict.hpp"
#include "portcullis/policy/policy_set.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::guard {

struct Request {
  std::string_view agent;
  const std::vector<std::string>* search_path = nullptr;  // never null in use
  std::string_view text;                                  // for positions in refusals
};

class Guard {
 public:
  explicit Guard(std::shared_ptr<const policy::PolicySet> policy);

  // Thread-safe and pure.
  [[nodiscard]] Verdict decide(const sql::Facts& facts, const Request& request) const;
  // The verdict on a text that sql::analyze refused: always a refusal, with the analysis' own SQLSTATE.
  [[nodiscard]] Verdict refuse(const base::Error& analysis_error, const Request& request) const;

  [[nodiscard]] const policy::PolicySet& policy() const noexcept { return *policy_; }

 private:
  std::shared_ptr<const policy::PolicySet> policy_;
};

}  // namespace portcullis::guard
