// All places outside that the checkpoints of the audit log are brought to.
#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "net/anchor.hpp"
#include "session/evidence.hpp"

namespace portcullis::net {

class Anchors final : public session::Evidence {
 public:
  void add(AnchorOptions options, std::unique_ptr<AnchorPlace> place);
  [[nodiscard]] bool empty() const noexcept { return anchors_.empty(); }

  // What LogOptions::checkpointed is to be.
  void publish(const std::string& note, std::uint64_t size);
  // What LogOptions::checkpoint_held_up is to be.
  void held_up();
  // The log that takes the anchors' own entries; null before it is open and when it is about to go.
  void record_in(audit::Sink* sink);
  [[nodiscard]] std::optional<base::Error> objection(bool changes) const override;
  // Behind the log's last checkpoint: returns when it is everywhere, or could not be brought there.
  void finish();

 private:
  [[nodiscard]] bool record(audit::AnchorRecord entry);

  std::mutex mutex_;
  audit::Sink* sink_ = nullptr;
  std::vector<std::unique_ptr<Anchor>> anchors_;
};

}  // namespace portcullis::net
