#include "audit/stretch_queue.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

namespace portcullis::audit {
namespace {

// How many stretches there will be, as far as the listing says.
std::uint64_t count_stretches(const std::vector<SegmentPath>& segments, std::uint64_t bytes) {
  std::uint64_t count = 0;
  for (const SegmentPath& segment : segments) count += 1 + (bytes == 0 ? 0 : segment.bytes / bytes);
  return count;
}

}  // namespace

StretchQueue::StretchQueue(std::vector<SegmentPath> segments, unsigned threads, std::uint64_t bytes)
    : segments_(std::move(segments)), bytes_(bytes) {
  const auto useful = std::min<std::uint64_t>(threads, count_stretches(segments_, bytes));
  slots_.resize(useful < 2 ? 1 : static_cast<std::size_t>(2 * useful));
  if (useful > 1) start(static_cast<unsigned>(useful) - 1);
}

// Fewer will do, and none.
void StretchQueue::start(unsigned threads) {
  try {
    threads_.reserve(threads);
    while (threads_.size() < threads) threads_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
  } catch (const std::bad_alloc&) {
  }
}

StretchQueue::~StretchQueue() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  room_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

const Stretch* StretchQueue::next() {
  std::unique_lock lock(mutex_);
  released_ = given_;
  room_.notify_one();
  for (;;) {
    if (failure_) std::rethrow_exception(failure_);
    if (Slot& slot = slots_[given_ % slots_.size()]; given_ < claimed_ && slot.is_done) {
      ++given_;
      if (slot.failure) std::rethrow_exception(slot.failure);
      return &slot.stretch;
    }
    if (Slot* const slot = claim()) {
      lock.unlock();
      read(*slot, own_);
      lock.lock();
      slot->is_done = true;
    } else if (given_ == claimed_) {
      return nullptr;
    } else {
      done_.wait(lock);
    }
  }
}

void StretchQueue::work() {
  try {
    StretchReader reader;
    std::unique_lock lock(mutex_);
    while (!stopped_ && segment_ < segments_.size()) {
      if (Slot* const slot = claim()) {
        lock.unlock();
        read(*slot, reader);
        lock.lock();
        slot->is_done = true;
        done_.notify_one();
      } else {
        room_.wait(lock);
      }
    }
  } catch (...) {
    const std::lock_guard lock(mutex_);
    failure_ = std::current_exception();
    done_.notify_one();
  }
}

bool StretchQueue::can_claim() const {
  return !stopped_ && segment_ < segments_.size() && claimed_ < released_ + slots_.size();
}

StretchQueue::Slot* StretchQueue::claim() {
  if (!can_claim()) return nullptr;
  if (!file_) open_segment();
  Slot& slot = slots_[claimed_++ % slots_.size()];
  slot.is_done = false;
  slot.failure = nullptr;
  slot.stretch.file = file_;
  slot.stretch.segment = segment_;
  slot.stretch.from = from_;
  slot.stretch.to = from_ = from_ + std::min(bytes_, file_bytes_ - from_);
  slot.stretch.ends_segment = from_ == file_bytes_;
  if (slot.stretch.ends_segment) {
    file_ = nullptr;
    ++segment_;
  }
  return &slot;
}

void StretchQueue::open_segment() {
  auto opened = open_to_read(segments_[segment_].path.string());
  from_ = 0;
  file_bytes_ = opened && bytes_ != 0 ? opened->bytes : 0;
  file_ = std::make_shared<const base::Result<OpenedFile>>(std::move(opened));
}

void StretchQueue::read(Slot& slot, StretchReader& reader) {
  try {
    reader.read(slot.stretch);
  } catch (...) {
    slot.failure = std::current_exception();
  }
}

}  // namespace portcullis::audit
