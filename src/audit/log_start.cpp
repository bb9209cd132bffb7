// How a log begins to be written: behind what recover() found, under the key that it has.
#include <utility>

#include "audit/log_impl.hpp"
#include "audit/note_write.hpp"

namespace portcullis::audit {
namespace {

std::string public_text(const std::shared_ptr<const NamedKey>& key) {
  return key ? vkey_text(key->name, key->key.public_key()) : std::string();
}

base::Error wrong_key(std::string message) {
  return {base::sqlstate::config_file_error, std::move(message)};
}

}  // namespace

base::Result<void> Log::Impl::check_names() const {
  for (const auto& key : {options_.key, options_.previous_key}) {
    if (key && key->name != options_.origin) {
      return wrong_key("the audit log's key is of the log \"" + key->name + "\", and this one is \"" +
                       options_.origin + "\": make a key with portcullis audit keygen --name " +
                       options_.origin);
    }
  }
  return {};
}

// A log that was signed once is signed for ever, by the same key or by one that it introduced.
base::Result<void> Log::Impl::check_keys(const Recovered& found) const {
  const std::string now = public_text(options_.key), before = public_text(options_.previous_key);
  if (found.key.empty()) return {};
  if (now.empty()) {
    return wrong_key("the audit log is signed, by " + found.key +
                     ", and no key is given: set audit.key to the file of its private key");
  }
  if (!found.previous_key.empty()) {
    if (found.key == now && found.previous_key == before) return {};
    return wrong_key(
        "the audit log's change of keys is not finished, since no checkpoint follows it yet: set "
        "audit.key to the file of " +
        found.key + " and audit.previous_key to that of " + found.previous_key);
  }
  if (found.key == now || found.key == before) return {};
  return wrong_key("the audit log is signed by another key, " + found.key +
                   ": give that one, or, for a change of keys, set audit.previous_key to its file");
}

base::Result<void> Log::Impl::start() {
  if (auto checked = check_names(); !checked) return checked;
  auto found = recover(*storage_, {options_.directory.string(), options_.origin, options_.known,
                                   [this](const Recovered& state) { return check_keys(state); }});
  if (!found) return found.error();
  if (options_.text == TextMode::sealed) {
    auto sealer = Sealer::open(options_.sealing_keys, options_.origin, clock_);
    if (!sealer) return sealer.error();
    sealer_ = std::move(*sealer);
  }
  next_index_ = write_index_ = found->state.next_index;
  batch_ = found->state.batch;
  in_batch_ = found->state.in_batch;
  leaf_ = found->state.leaf;
  tree_ = std::move(found->tree);
  key_ = found->key;
  durable_.store(next_index_, std::memory_order_release);
  if (auto begun = begin_segment(*found); !begun) return begun;
  push_beginning(*found);
  if (auto written = drain(queue_); !written) return written;
  queue_.clear();
  if (auto begun = begin_sealing(); !begun) return begun;
  if (auto begun = begin_signing(*found); !begun) return begun;
  thread_ = std::thread([this] { run(); });
  return {};
}

base::Result<void> Log::Impl::begin_segment(Recovered& found) {
  if (found.file) {
    writer_.resume(std::move(found.file), found.end);
    segment_began_ = found.segment_began;
    room_.promised = found.end;
    if (auto secured = writer_.secure(found.end + wanted_ahead()); !secured) return secured;
    room_.secured = writer_.secured();
    return {};
  }
  if (auto prepared = writer_.prepare_next(wanted_ahead()); !prepared) return prepared;
  room_ = Room{1, 0, writer_.next_secured()};
  segment_began_ = clock_.wall();
  push(segment_draft(context(), boot_, key_), true);
  return {};
}

void Log::Impl::push_beginning(const Recovered& found) {
  const std::string now = public_text(options_.key);
  if (!found.closed) push(recovered_draft(context(), found.dropped_bytes), false);
  const std::string& opening = key_.empty() ? now : key_;
  push(open_draft(context(), boot_, PORTCULLIS_VERSION, options_.heartbeat, opening), false);
  if (opening != now) push(key_draft(context(), opening, now), false);
  key_ = now;
}

// Behind the durable `open`: no other start can give the epoch's name.
base::Result<void> Log::Impl::begin_sealing() {
  return sealer_ ? sealer_->renew(write_index_) : base::Result<void>{};
}

base::Result<void> Log::Impl::begin_signing(Recovered& found) {
  if (!options_.key) return {};
  if (!found.notes) {
    auto made = make_notes(*storage_, found.segment);
    if (!made) return made.error();
    found.notes = std::move(*made);
  }
  const bool is_changing = public_text(options_.key) != found.key || !found.previous_key.empty();
  CheckpointNeeds needs{options_.origin,
                        {options_.checkpoint_interval, options_.checkpoint_entries},
                        options_.key,
                        is_changing && !found.key.empty() ? options_.previous_key : nullptr,
                        options_.checkpointed,
                        options_.checkpoint_held_up,
                        [this](const base::Error& error) {
                          const std::scoped_lock lock(mutex_);
                          unsigned_ = error;
                          wake_writer();
                        }};
  checkpointer_ = std::make_unique<Checkpointer>(
      std::move(needs), NotesFile(std::move(found.notes), found.notes_end), found.signed_size);
  publish(true);
  return {};
}

}  // namespace portcullis::audit
