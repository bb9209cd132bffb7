// Readings of sealed texts that whoever writes the log is asked to record, in the folder `requests` of the
// log's directory: NAME.read, answered by NAME.done with the entry's index, or NAME.refused. Such a request
// is taken away before it is recorded: what a crash leaves of it is not recorded twice, and its reader, who
// has no answer, opens nothing.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "audit/erasure.hpp"
#include "audit/read_request.hpp"
#include "audit/request_folder.hpp"

namespace portcullis::audit {

class ReadingRequests {
 public:
  using Answer = RequestFolder::Answer;

  explicit ReadingRequests(const std::filesystem::path& directory) : folder_(directory) {}

  // --- who reads
  // The name that the answer has. 58030 or 53100 with what to do.
  [[nodiscard]] base::Result<std::string> leave(const ReadRequest& request) const;
  // What is done has the entry's index in decimal digits as its message.
  [[nodiscard]] std::optional<Answer> answer(const std::string& name) const { return folder_.answer(name); }
  void forget_answer(const std::string& name) const { folder_.forget_answer(name); }
  // Whether the request was still there: it is gone then, and nobody will record it.
  [[nodiscard]] bool withdraw(const std::string& name) const;

  // --- who writes the log
  // Whether there is anything to record. Quick.
  [[nodiscard]] bool any() const;
  // Records what is there, one behind the other; what is no request is refused. Returns what was done, for
  // the gate's own log.
  std::vector<std::string> look(ErasureHost& host);

 private:
  std::string record(const std::string& name, ErasureHost& host);

  RequestFolder folder_;
  std::set<std::string> stuck_;  // cannot be taken away, which was said
};

}  // namespace portcullis::audit
