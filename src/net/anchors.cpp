#include "net/anchors.hpp"

#include <utility>

#include "base/log.hpp"

namespace portcullis::net {

void Anchors::add(AnchorOptions options, std::unique_ptr<AnchorPlace> place) {
  anchors_.push_back(
      std::make_unique<Anchor>(std::move(options), std::move(place),
                               [this](audit::AnchorRecord entry) { return record(std::move(entry)); }));
}

void Anchors::publish(const std::string& note, std::uint64_t size) {
  for (const auto& anchor : anchors_) anchor->publish(note, size);
}

void Anchors::held_up() {
  for (const auto& anchor : anchors_) anchor->held_up();
}

void Anchors::record_in(audit::Sink* sink) {
  const std::scoped_lock lock(mutex_);
  sink_ = sink;
}

// A full disk ends, and the log then takes it; a log that has failed takes nothing more.
bool Anchors::record(audit::AnchorRecord entry) {
  const std::scoped_lock lock(mutex_);
  if (sink_ == nullptr) return true;
  const auto recorded = sink_->append(std::move(entry));
  if (recorded) return true;
  base::log::error("an anchor's state could not be recorded: " + recorded.error().message);
  return sink_->failure().has_value();
}

std::optional<base::Error> Anchors::objection(bool changes) const {
  for (const auto& anchor : anchors_) {
    if (auto objection = anchor->objection(changes)) return objection;
  }
  return std::nullopt;
}

void Anchors::finish() {
  for (const auto& anchor : anchors_) anchor->stop();  // all at once, for each may take its time
  for (const auto& anchor : anchors_) anchor->finish();
}

}  // namespace portcullis::net
