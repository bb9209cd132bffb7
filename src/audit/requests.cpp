#include "audit/requests.hpp"

#include <algorithm>

namespace portcullis::audit {
namespace {

constexpr std::string_view kOrder = ".order";
constexpr std::chrono::seconds kLongestDelay{3'600};

std::string file_of(const std::string& name) {
  return name + std::string(kOrder);
}

}  // namespace

base::Result<void> Requests::leave(const SignedOrder& order, std::string_view bytes) const {
  if (auto made = folder_.make(); !made) return made;
  folder_.forget_answer(order.hash);
  return folder_.write(file_of(order.hash), bytes);
}

bool Requests::any() const {
  return !folder_.names(kOrder).empty();
}

std::vector<std::string> Requests::look(Erasure& erasure, Time now) {
  const auto found = folder_.names(kOrder);
  std::erase_if(retries_, [&](const auto& retry) {
    return !std::binary_search(found.begin(), found.end(), retry.first);
  });
  std::vector<std::string> said;
  if (found.empty()) return said;
  if (auto made = folder_.make(); !made) return {made.error().message};
  for (const auto& name : found) {
    if (const auto retry = retries_.find(name); retry != retries_.end() && now < retry->second.at) continue;
    said.push_back(carry_out(name, erasure, now));
  }
  return said;
}

std::string Requests::carry_out(const std::string& name, Erasure& erasure, Time now) {
  const auto bytes = folder_.read(file_of(name), kMaxOrderBytes);
  if (!bytes) return finish(name, now, false, bytes.error().message);
  const auto order = read_order(*bytes);
  if (!order) return finish(name, now, false, order.error().message);
  if (order->hash != name)
    return finish(name, now, false, "this is the order " + order->hash + ", and its file is to be called so");
  const auto done = erasure.carry_out(*bytes);
  if (done) return finish(name, now, true, *done);
  if (done.error().code == base::sqlstate::invalid_parameter_value)
    return finish(name, now, false, done.error().message);
  return later(name, now, "the order " + name + " is not carried out yet: " + done.error().message);
}

std::string Requests::later(const std::string& name, Time now, const std::string& message) {
  Retry& retry = retries_[name];
  const std::string delay = std::to_string(retry.delay.count());
  retry.at = now + retry.delay;
  retry.delay = std::min(2 * retry.delay, kLongestDelay);
  return message + "; it is tried again in " + delay + " s";
}

// The answer is there before the request goes.
std::string Requests::finish(const std::string& name, Time now, bool done, const std::string& message) {
  auto finished = folder_.give_answer(name, done, message);
  if (finished) finished = folder_.remove(file_of(name));
  if (!finished) return later(name, now, message + "; " + finished.error().message);
  retries_.erase(name);
  return "order " + name + ": " + message;
}

}  // namespace portcullis::audit
