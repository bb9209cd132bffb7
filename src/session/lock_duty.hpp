// That a message, which was tried out, waits for its locks for no longer than its rules say, and is held
// against its dry run.
#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "portcullis/policy/at_most.hpp"
#include "shadow/report.hpp"

namespace portcullis::session {

struct LockDuty {
  policy::AtMost<std::chrono::milliseconds> timeout;
  std::string subject;            // for people: "ALTER TABLE"
  bool is_one_statement = false;  // it may be sent again, and be compared
  // By which it was judged.
  std::shared_ptr<const shadow::Report> report;
};

}  // namespace portcullis::session
