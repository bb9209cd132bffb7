// The witness of what the client hears, statements that were stopped over a limit: whoever was told that
// nothing of it stays finds nothing of it, and of a result no more is heard than the limit gives.
#include "script.hpp"
#include "witness.hpp"

namespace portcullis::fuzz {
namespace {

namespace back = wire::backend_type;

bool has(const base::Error& error, std::string_view part) {
  return error.message.find(part) != error.message.npos;
}

}  // namespace

void HeardWitness::on_stop(const base::Error& told) {
  if (has(told, "It had come to its end before")) return hear_out();
  if (has(told, "nothing was run")) return fail_direct(false);
  const bool all_heard = !direct_.out.empty() && direct_.out.front().front() == back::ready_for_query;
  all_heard ? direct_.fail_at_end() : fail_direct(true);
  // How far the message had come by then, nobody has heard.
  if (!has(told, "What it had committed by itself"))
    require(direct_.session().committed() == server_.session().committed());
  direct_.take_over(server_.session());
  for (auto& frame : direct_.out) {
    if (frame.front() == back::ready_for_query) frame.back() = server_.session().status();
  }
}

// It was committed before it could be stopped: only its result was held back.
void HeardWitness::hear_out() {
  if (direct_.out.empty() && !direct_.is_busy()) require(ask_next(false));
  while (direct_.step()) {
  }
  while (!direct_.out.empty() && direct_.out.front().front() != back::ready_for_query)
    direct_.out.pop_front();
  require(!direct_.out.empty());
}

void HeardWitness::change_server(ModelServer fresh) {
  require(!direct_.is_busy() && direct_.out.empty());
  direct_ = std::move(fresh);
}

bool is_beyond_limit(std::string_view frame) {
  if (frame.front() != back::data_row && frame.front() != back::copy_data) return false;
  const auto at = frame.find(" of " + std::string(kLimited));
  return at != frame.npos && frame[at - 1] > static_cast<char>('0' + kMostRowsGiven);
}

}  // namespace portcullis::fuzz
