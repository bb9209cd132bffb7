#include "app/carry_out_command.hpp"

#include <unistd.h>

#include <utility>

#include "app/config_load.hpp"
#include "app/exit_code.hpp"
#include "app/known_heads.hpp"
#include "app/log_host.hpp"
#include "app/log_options.hpp"
#include "app/past_use.hpp"
#include "audit/note_file.hpp"
#include "audit/read.hpp"
#include "audit/requests.hpp"
#include "audit/storage.hpp"
#include "base/clock.hpp"

namespace portcullis::app {
namespace {

using audit::OrderAction;

int fail(Console& console, const std::string& message) {
  console.err << "portcullis: " << audit::on_one_line(message) << "\n";
  return kFailure;
}

// Where nobody holds the log, this process does, for as long as it takes.
base::Result<void> carry_out_here(const Config& config, audit::Requests& requests) {
  const base::SystemClock clock;
  auto options = log_options(config.audit);
  options.text = audit::TextMode::none;  // nothing is sealed here, so no new keys are made
  auto known = known_heads(config.audit);
  if (!known) return known.error();
  options.known = std::move(*known);
  auto keys = audit::SealingFolder::make(config.audit.sealing_keys);
  if (!keys) return keys.error();
  auto log = audit::Log::open(std::move(options), clock);
  if (!log) return log.error();
  const auto recorded =
      (*log)->append(audit::ConfigRecord{to_json_without_secrets(config, config.policy->monitors())});
  if (!recorded) return recorded.error();
  LogHost host(**log, Seals::no);
  audit::Erasure erasure({config.audit.directory, config.audit.origin, {}, longest_window(*config.policy)},
                         std::move(*keys), host, clock);
  (void)requests.look(erasure, clock.steady());
  return {};
}

std::optional<audit::Requests::Answer> wait_for_answer(const audit::Requests& requests,
                                                       const std::string& hash,
                                                       std::chrono::seconds patience) {
  const auto until = std::chrono::steady_clock::now() + patience;
  for (;;) {
    auto answer = requests.answer(hash);
    if (answer || std::chrono::steady_clock::now() >= until) return answer;
    ::usleep(100'000);
  }
}

base::Result<audit::SignedOrder> read_order_file(const CarryOutOptions& options, std::string& bytes) {
  auto read = audit::read_whole(options.order, audit::kMaxOrderBytes);
  if (!read) return read.error();
  bytes = std::move(*read);
  auto order = audit::read_order(bytes);
  if (order && order->order.action != options.action) {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "this is an order to " + std::string(audit::to_text(order->order.action)) +
                           ": carry it out with portcullis audit " +
                           std::string(audit::to_text(order->order.action))};
  }
  return order;
}

int show(const audit::Requests& requests, const std::string& hash, Console& console,
         std::chrono::seconds patience) {
  const auto answer = wait_for_answer(requests, hash, patience);
  if (!answer) {
    return fail(
        console,
        "the order is left for the gate, in the folder \"requests\" of the log, and not carried out yet: see "
        "what the gate says of it in its own log, and look again with portcullis audit orders");
  }
  requests.forget_answer(hash);
  if (!answer->done) return fail(console, answer->message);
  console.out << audit::on_one_line(answer->message) << "\n";
  return kSuccess;
}

}  // namespace

int carry_out(const CarryOutOptions& options, Console& console) {
  const auto loaded = load_config(options.config);
  if (!loaded.config) {
    console.err << to_text(loaded.problems);
    return kConfiguration;
  }
  const AuditConfig& config = loaded.config->audit;
  std::string bytes;
  const auto order = read_order_file(options, bytes);
  if (!order) return fail(console, order.error().message);
  if (!std::filesystem::exists(config.directory))
    return fail(console,
                "there is no log at \"" + config.directory.string() + "\": name the gate's configuration");
  audit::Requests requests(config.directory);
  if (const auto left = requests.leave(*order, bytes); !left) return fail(console, left.error().message);
  if (audit::is_open_elsewhere(config.directory))
    return show(requests, order->hash, console, std::chrono::seconds(options.patience));
  const auto done = carry_out_here(*loaded.config, requests);
  // A gate may have begun in between: then it does it.
  if (!done && audit::is_open_elsewhere(config.directory))
    return show(requests, order->hash, console, std::chrono::seconds(options.patience));
  if (!done) return fail(console, done.error().message);
  return show(requests, order->hash, console, std::chrono::seconds(0));
}

}  // namespace portcullis::app
