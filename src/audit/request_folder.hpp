// The folder `requests` beside the segments: files that are left for whoever writes the log, and the answers
// beside them, NAME.done or NAME.refused.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

class RequestFolder {
 public:
  struct Answer {
    bool done = false;
    std::string message;
  };

  explicit RequestFolder(const std::filesystem::path& directory) : folder_(directory / "requests") {}

  // Made with mode 0700 where it is not there; 58030 where others may use it.
  [[nodiscard]] base::Result<void> make() const;
  // Durable, and whole under its name, when this returns. 58030 or 53100 with what to do.
  [[nodiscard]] base::Result<void> write(const std::string& file, std::string_view bytes) const;
  // A regular file, no link to one, of at most so many bytes.
  [[nodiscard]] base::Result<std::string> read(const std::string& file, std::size_t most) const;
  // Takes the file away, or what is called like it aside, so that it is not met again; durable when this
  // returns.
  [[nodiscard]] base::Result<void> remove(const std::string& file) const;
  // Whether the file was there, and is no longer.
  [[nodiscard]] bool withdraw(const std::string& file) const;

  // Of the files that end so, without the ending; in order, the first 1,000 that the system names.
  [[nodiscard]] std::vector<std::string> names(std::string_view ending) const;

  [[nodiscard]] base::Result<void> give_answer(const std::string& name, bool done,
                                               std::string_view message) const;
  [[nodiscard]] std::optional<Answer> answer(const std::string& name) const;
  void forget_answer(const std::string& name) const;
  // What is there of names of so many characters, without files that end so, and is older than an hour: answers
  // that nobody came for, and files that were not written to their end.
  void forget_leftovers(std::size_t name_length, std::string_view ending) const;

 private:
  std::filesystem::path folder_;
};

}  // namespace portcullis::audit
