// Orders that are left for whoever writes the log, in the folder `requests` of the log's directory:
// HASH.order. They are answered beside it, HASH.done or HASH.refused, with a message; only then the order
// goes. So what a crash leaves undone is done at the next look.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/erasure.hpp"
#include "audit/request_folder.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::audit {

class Requests {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Answer = RequestFolder::Answer;

  explicit Requests(const std::filesystem::path& directory) : folder_(directory) {}

  // Durable when this returns; an older answer to the same order is gone. The folder is made, mode 0700.
  // 58030 with what to do.
  [[nodiscard]] base::Result<void> leave(const SignedOrder& order, std::string_view bytes) const;
  [[nodiscard]] std::optional<Answer> answer(const std::string& hash) const { return folder_.answer(hash); }
  void forget_answer(const std::string& hash) const { folder_.forget_answer(hash); }

  // Whether there is anything to carry out. Quick.
  [[nodiscard]] bool any() const;
  // Carries out what is there, one order behind the other. What is no order is refused. What failed for
  // another reason stays and is tried again, ever more seldom. Returns what was done, for the gate's own log.
  std::vector<std::string> look(Erasure& erasure, Time now);

 private:
  struct Retry {
    Time at{};
    std::chrono::seconds delay{1};
  };

  std::string carry_out(const std::string& name, Erasure& erasure, Time now);
  std::string later(const std::string& name, Time now, const std::string& message);
  std::string finish(const std::string& name, Time now, bool done, const std::string& message);

  RequestFolder folder_;
  std::map<std::string, Retry> retries_;  // of those that are there
};

}  // namespace portcullis::audit
