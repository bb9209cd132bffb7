// A folder of a shadow's own in the system's folder for temporary files. It is locked as long as its gate
// lives, so that the next one knows what was left behind.
#pragma once

#include <filesystem>

#include "portcullis/base/result.hpp"

namespace portcullis::net {

class ShadowFolder {
 public:
  ShadowFolder() = default;
  ShadowFolder(const ShadowFolder&) = delete;
  ShadowFolder& operator=(const ShadowFolder&) = delete;
  // Removes it with all that is in it.
  ~ShadowFolder();

  // Mode 0700, with an empty folder "work". What others below `parent` have left behind whose gate is gone is
  // removed before. 58030.
  [[nodiscard]] base::Result<void> make(const std::filesystem::path& parent);
  // Empty: it is not made.
  [[nodiscard]] const std::filesystem::path& path() const noexcept { return path_; }
  [[nodiscard]] std::filesystem::path work() const { return path_ / "work"; }

 private:
  std::filesystem::path path_;
  int lock_ = -1;
};

}  // namespace portcullis::net
