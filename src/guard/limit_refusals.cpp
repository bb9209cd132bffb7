#include "guard/limit_refusals.hpp"

namespace portcullis::guard {

using base::Error;
using std::chrono::microseconds;
namespace sqlstate = base::sqlstate;

namespace {

std::string in_quotes(std::string_view text) {
  return "\"" + std::string(text) + "\"";
}

std::string for_agent(std::string_view agent) {
  return " for agent " + in_quotes(agent);
}

}  // namespace

std::string to_text(microseconds wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  if (seconds <= 120) return std::to_string(seconds) + " s";
  const auto minutes = (seconds + 59) / 60;
  if (minutes <= 120) return std::to_string(minutes) + " min";
  const std::string hours = std::to_string(minutes / 60) + " h";
  return minutes % 60 == 0 ? hours : hours + " " + std::to_string(minutes % 60) + " min";
}

Error used_up(std::string_view what, const policy::Rate& rate, std::string_view agent, std::uint32_t tokens,
              std::optional<microseconds> wait) {
  std::string message = "portcullis: " + std::string(what) + " of " + rate.text + for_agent(agent);
  if (!wait) {
    message += " is less than the " + std::to_string(tokens) + " that this text has: send at most " +
               std::to_string(rate.count) + " in one text.";
  } else {
    message += " is used up: try again in " + to_text(*wait) + ".";
  }
  return {sqlstate::configuration_limit_exceeded, std::move(message)};
}

Error too_much_given(std::string_view what, const policy::Volume& volume, std::string_view agent,
                     std::optional<std::chrono::seconds> wait) {
  std::string message =
      "portcullis: stopped by limit " + in_quotes(what) + " of " + volume.text + for_agent(agent) + ": ";
  message += wait ? "it is used up, there is room for more in " + to_text(*wait) + "."
                  : "a single row of this result is larger than that.";
  return {sqlstate::program_limit_exceeded, std::move(message)};
}

Error keeps_failing(const FailureMemory::Block& block, std::string_view agent) {
  return {sqlstate::configuration_limit_exceeded,
          "portcullis: limit \"same_statement_failures\" of " + block.rate->text + for_agent(agent) +
              ": this very statement has failed " + std::to_string(block.rate->count) +
              " times, the last time with SQLSTATE " + std::string(block.last.view()) +
              ". Stop repeating it: find out why it fails and change it, or ask a person. It is refused for "
              "the next " +
              to_text(block.wait) + "."};
}

Error too_many_connections(std::uint32_t most, std::string_view agent) {
  return {sqlstate::too_many_connections, "too many connections" + for_agent(agent) +
                                              ": its limit \"connections\" is " + std::to_string(most) +
                                              ", close one first"};
}

Error too_many_at_once(std::uint32_t most, std::string_view agent) {
  return {sqlstate::configuration_limit_exceeded, "portcullis: limit \"concurrent\" of " +
                                                      std::to_string(most) + for_agent(agent) +
                                                      " is reached: try again when one of its sessions has "
                                                      "finished what it runs."};
}

Error unknown_agent(std::string_view agent) {
  return {sqlstate::insufficient_privilege,
          "portcullis: denied: agent " + in_quotes(agent) + " is not in the policy."};
}

}  // namespace portcullis::guard
