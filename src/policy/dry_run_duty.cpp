#include "portcullis/policy/dry_run_duty.hpp"

namespace portcullis::policy {
namespace {

void keep_first(std::optional<std::string>& mine, const std::optional<std::string>& other) {
  if (!mine) mine = other;
}

}  // namespace

void DryRunDuty::add(const DryRunDuty& other) {
  if (rule.empty()) rule = other.rule;
  lower(max_lock, other.max_lock);
  lower(max_duration, other.max_duration);
  lower(lock_timeout, other.lock_timeout);
  lower(max_rows, other.max_rows);
  lower(target_rows, other.target_rows);
  keep_first(no_rewrite, other.no_rewrite);
  keep_first(no_full_scan, other.no_full_scan);
  keep_first(whole_copy, other.whole_copy);
}

}  // namespace portcullis::policy
