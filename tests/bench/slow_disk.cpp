#include "slow_disk.hpp"

#include <thread>
#include <utility>

namespace portcullis::bench {
namespace {

class SlowFile final : public audit::SegmentFile {
 public:
  SlowFile(std::unique_ptr<SegmentFile> file, std::chrono::microseconds delay)
      : file_(std::move(file)), delay_(delay) {}
  base::Result<std::uint64_t> size() override { return file_->size(); }
  base::Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t count) override {
    return file_->read(offset, into, count);
  }
  base::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    return file_->write(offset, bytes);
  }
  base::Result<void> reserve(std::uint64_t end) override { return file_->reserve(end); }
  base::Result<void> reserve_unseen(std::uint64_t end) override { return file_->reserve_unseen(end); }
  base::Result<void> truncate(std::uint64_t size) override { return file_->truncate(size); }
  base::Result<void> sync() override {
    std::this_thread::sleep_for(delay_);
    return {};
  }

 private:
  std::unique_ptr<SegmentFile> file_;
  std::chrono::microseconds delay_;
};

class SlowStorage final : public audit::Storage {
 public:
  SlowStorage(std::unique_ptr<Storage> storage, std::chrono::microseconds delay)
      : storage_(std::move(storage)), delay_(delay) {}
  base::Result<std::vector<std::string>> list() override { return storage_->list(); }
  base::Result<std::unique_ptr<audit::SegmentFile>> create(const std::string& name) override {
    return slow(storage_->create(name));
  }
  base::Result<std::unique_ptr<audit::SegmentFile>> open(const std::string& name) override {
    return slow(storage_->open(name));
  }
  base::Result<void> rename(const std::string& from, const std::string& to) override {
    return storage_->rename(from, to);
  }
  base::Result<void> remove(const std::string& name) override { return storage_->remove(name); }
  base::Result<void> sync_directory() override { return {}; }

 private:
  base::Result<std::unique_ptr<audit::SegmentFile>> slow(
      base::Result<std::unique_ptr<audit::SegmentFile>> file) {
    if (!file) return file.error();
    return std::unique_ptr<audit::SegmentFile>(std::make_unique<SlowFile>(std::move(*file), delay_));
  }

  std::unique_ptr<Storage> storage_;
  std::chrono::microseconds delay_;
};

}  // namespace

std::unique_ptr<audit::Storage> with_sync_delay(std::unique_ptr<audit::Storage> storage,
                                                std::chrono::microseconds delay) {
  return std::make_unique<SlowStorage>(std::move(storage), delay);
}

}  // namespace portcullis::bench
