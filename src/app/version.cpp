#include "app/version.hpp"

namespace portcullis::app {

std::string_view version() noexcept {
  return PORTCULLIS_VERSION;
}

}  // namespace portcullis::app
