#include "app/log_options.hpp"

namespace portcullis::app {

audit::LogOptions log_options(const AuditConfig& config) {
  audit::LogOptions options;
  options.directory = config.directory;
  options.origin = config.origin;
  options.text = config.text;
  options.sealing_keys = config.sealing_keys;
  options.segment_age = config.segment_age;
  options.reads_within = config.reads_within;
  options.key = config.key.key;
  options.previous_key = config.previous_key.key;
  return options;
}

}  // namespace portcullis::app
