// Whether what is recorded also gets to where this machine cannot change it.
#pragma once

#include <optional>

#include "portcullis/base/error.hpp"

namespace portcullis::session {

// Thread-safe; asked before every statement is let through.
class Evidence {
 public:
  virtual ~Evidence() = default;
  // Why no statement is let through, or, with `changes`, none that may change something; nothing while all is
  // well.
  [[nodiscard]] virtual std::optional<base::Error> objection(bool changes) const = 0;
};

}  // namespace portcullis::session
