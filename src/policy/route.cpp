#include "policy/route.hpp"

#include <algorithm>
#include <string_view>

namespace portcullis::policy {
namespace {

using catalog::ResolvedEffect;
using catalog::Via;

constexpr int kMostSteps = 3;

std::string_view preposition(Via via) noexcept {
  switch (via) {
    case Via::view:
    case Via::inheritance: return "through ";
    case Via::written:
    case Via::rule:
    case Via::trigger:
    case Via::policy:
    case Via::foreign_key:
    case Via::reference:
    case Via::stored_expression:
    case Via::operator_:
    case Via::cascade:
    case Via::event_trigger: break;
  }
  return "by ";
}

// Names are someone's choice and may look like the end of the sentence around them: what is not plain goes
// between quotes as a whole.
std::string safe(std::string_view text) {
  std::string quoted;
  for (const char c : text) {
    const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    quoted += control ? '?' : c;
    if (c == '"') quoted += '"';
  }
  const bool paired = std::count(text.begin(), text.end(), '"') % 2 == 0;
  const bool plain =
      paired && text.find(". ") == std::string_view::npos && !text.ends_with('.') &&
      std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
  return plain ? std::string(text) : "\"" + quoted + "\"";
}

}  // namespace

std::string route_of(const catalog::Resolution& resolution, const ResolvedEffect& effect) {
  std::string route;
  const ResolvedEffect* step = &effect;
  for (int steps = 0; step->via != Via::written; ++steps) {
    if (steps == kMostSteps) return route + ", ...";
    route += (route.empty() ? "" : ", ") + std::string(preposition(step->via)) + safe(step->through);
    const bool known = step->cause >= 0 && static_cast<std::size_t>(step->cause) < resolution.effects.size();
    if (!known) break;
    step = &resolution.effects[static_cast<std::size_t>(step->cause)];
  }
  return route;
}

}  // namespace portcullis::policy
