#include "base/log.hpp"

#include <memory>

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace portcullis::base::log {
namespace {

spdlog::logger& logger() {
  static const auto instance = [] {
    auto made = std::make_shared<spdlog::logger>("portcullis", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    made->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    made->flush_on(spdlog::level::info);
    return made;
  }();
  return *instance;
}

spdlog::level::level_enum native(Level level) {
  switch (level) {
    case Level::debug: return spdlog::level::debug;
    case Level::info: return spdlog::level::info;
    case Level::warning: return spdlog::level::warn;
    case Level::error: return spdlog::level::err;
  }
  return spdlog::level::info;
}

}  // namespace

// The text is data, never a format string.
void set_level(Level level) { logger().set_level(native(level)); }
void debug(std::string_view line) { logger().log(spdlog::level::debug, "{}", line); }
void info(std::string_view line) { logger().log(spdlog::level::info, "{}", line); }
void warning(std::string_view line) { logger().log(spdlog::level::warn, "{}", line); }
void error(std::string_view line) { logger().log(spdlog::level::err, "{}", line); }

}  // namespace portcullis::base::log
