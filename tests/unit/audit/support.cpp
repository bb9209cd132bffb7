#include "tests/unit/audit/support.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <thread>

#include "audit/format.hpp"

namespace portcullis::audit::testing {

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "audit-test-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_bytes(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const std::filesystem::path& file, std::string_view bytes) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
}

DecisionRecord decision(const std::string& text, std::uint64_t session) {
  DecisionRecord record;
  record.session = session;
  record.agent = "reporting-agent";
  record.message = "Query";
  record.verdict = "allow";
  record.kinds = {"SELECT"};
  record.effects = {{"select", "public.orders", "allow", "read-orders", "reports may read orders"}};
  record.rule = "read-orders";
  record.text = text;
  record.catalog = "c0ffee";
  record.catalog_age = std::chrono::milliseconds(250);
  return record;
}

EffectTraits all_traits() {
  EffectTraits traits;
  traits.kind = "function";
  traits.parts = {"a.b", "c"};
  traits.via = "trigger";
  traits.cause = 0;
  traits.oid = 16'384;
  traits.relation = "f";
  traits.part_of = {"app.whole"};
  traits.missing = traits.missing_ok = traits.where = true;
  traits.column = "note";
  traits.column_default = "other";
  traits.not_null = traits.other_type = traits.constraint = traits.computed = true;
  traits.values = {"app", "public"};
  traits.names = {"", "integer"};
  traits.owner = {"app.orders", "id"};
  traits.casts = {"app.to_json(app.mood)"};
  traits.arguments = "integer, text";
  traits.body = "\xff";
  traits.extension = "vector";
  return traits;
}

OutcomeRecord outcome(std::uint64_t decision, std::uint64_t session, std::string result) {
  OutcomeRecord record;
  record.session = session;
  record.decision = decision;
  record.result = std::move(result);
  record.tags = {"SELECT 3"};
  record.transaction_status = 'I';
  record.duration = std::chrono::microseconds(1234);
  return record;
}

SessionRecord session(const std::string& event, std::uint64_t session) {
  SessionRecord record;
  record.event = event;
  record.session = session;
  record.agent = "reporting-agent";
  record.client_address = "192.0.2.7:40000";
  return record;
}

LogOptions options(const std::filesystem::path& directory) {
  LogOptions options;
  options.directory = directory;
  options.origin = kOrigin;
  options.segment_bytes = 1 << 20;
  options.queue_bytes = 256 << 10;
  return options;
}

bool wait_durable(const Log& log, std::uint64_t index) {
  for (int i = 0; i < 60'000; ++i) {
    if (log.durable() >= index) return true;
    if (log.failure()) return log.durable() >= index;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return false;
}

// --- FakeDisk
// --------------------------------------------------------------------------------------------------------

namespace {

constexpr std::size_t kSector = 512;

void put(std::string& bytes, std::uint64_t at, std::string_view change) {
  if (bytes.size() < at + change.size()) bytes.resize(at + change.size(), '\0');
  bytes.replace(at, change.size(), change);
}

}  // namespace

class FakeFile final : public SegmentFile {
 public:
  FakeFile(FakeDisk& disk, std::shared_ptr<FakeDisk::Node> node) : disk_(disk), node_(std::move(node)) {}

  base::Result<std::uint64_t> size() override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called(); !called) return called.error();
    return node_->now.size();
  }
  base::Result<std::size_t> read(std::uint64_t offset, char* into, std::size_t count) override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called(); !called) return called.error();
    if (offset >= node_->now.size()) return std::size_t{0};
    return node_->now.copy(into, count, offset);
  }
  base::Result<void> write(std::uint64_t offset, std::string_view bytes) override {
    const std::scoped_lock lock(disk_.mutex_);
    auto called = disk_.called();
    if (!called && disk_.dead_) return called;
    // A write that fails has written a part.
    if (!called) bytes = bytes.substr(0, bytes.size() / 2);
    if (called && !disk_.has_room(*node_, offset + bytes.size())) {
      return base::Error{base::sqlstate::disk_full, "no space left"};
    }
    put(node_->now, offset, bytes);
    node_->reserved = std::max<std::uint64_t>(node_->reserved, node_->now.size());
    node_->unsynced.push_back({false, offset, std::string(bytes)});
    return called;
  }
  base::Result<void> reserve(std::uint64_t end) override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called(); !called) return called;
    if (!disk_.has_room(*node_, end)) return base::Error{base::sqlstate::disk_full, "no space left"};
    node_->reserved = std::max(node_->reserved, end);
    return {};
  }
  base::Result<void> reserve_unseen(std::uint64_t end) override { return reserve(end); }
  base::Result<void> truncate(std::uint64_t size) override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called(); !called) return called;
    node_->now.resize(size, '\0');
    node_->reserved = size;
    node_->unsynced.push_back({true, size, {}});
    return {};
  }
  base::Result<void> sync() override {
    const std::scoped_lock lock(disk_.mutex_);
    auto called = disk_.called();
    if (!called && disk_.dead_) return called;
    if (called) {
      for (const auto& change : node_->unsynced) {
        change.truncate ? node_->durable.resize(change.at, '\0')
                        : put(node_->durable, change.at, change.bytes);
      }
    }
    // After a failure the pages count as clean: what they hold is seen, and never written.
    node_->unsynced.clear();
    return called;
  }

 private:
  FakeDisk& disk_;
  std::shared_ptr<FakeDisk::Node> node_;
};

class FakeStorage final : public Storage {
 public:
  explicit FakeStorage(FakeDisk& disk) : disk_(disk) {}

  base::Result<std::vector<std::string>> list() override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called_to_open(); !called) return called.error();
    std::vector<std::string> names;
    for (const auto& [name, node] : disk_.names_) names.push_back(name);
    return names;
  }
  base::Result<std::unique_ptr<SegmentFile>> create(const std::string& name) override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called_to_open(); !called) return called.error();
    if (disk_.names_.contains(name)) return base::Error{base::sqlstate::io_error, "exists"};
    auto names = disk_.names_;
    const auto node = names[name] = std::make_shared<FakeDisk::Node>();
    disk_.change_names(std::move(names));
    return std::unique_ptr<SegmentFile>(std::make_unique<FakeFile>(disk_, node));
  }
  base::Result<std::unique_ptr<SegmentFile>> open(const std::string& name) override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called_to_open(); !called) return called.error();
    const auto found = disk_.names_.find(name);
    if (found == disk_.names_.end()) return base::Error{base::sqlstate::io_error, "no such file"};
    return std::unique_ptr<SegmentFile>(std::make_unique<FakeFile>(disk_, found->second));
  }
  base::Result<void> rename(const std::string& from, const std::string& to) override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called(); !called) return called;
    if (disk_.names_.contains(to)) return base::Error{base::sqlstate::io_error, "exists"};
    auto names = disk_.names_;
    names[to] = names.at(from);
    names.erase(from);
    disk_.change_names(std::move(names));
    return {};
  }
  base::Result<void> remove(const std::string& name) override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called(); !called) return called;
    auto names = disk_.names_;
    names.erase(name);
    disk_.change_names(std::move(names));
    return {};
  }
  base::Result<void> sync_directory() override {
    const std::scoped_lock lock(disk_.mutex_);
    if (auto called = disk_.called(); !called) return called;
    disk_.name_history_ = {disk_.names_};
    return {};
  }

 private:
  FakeDisk& disk_;
};

std::unique_ptr<Storage> FakeDisk::storage() {
  return std::make_unique<FakeStorage>(*this);
}

base::Result<void> FakeDisk::called() {
  ++calls_;
  const bool fails = fail_at_ != 0 && (dead_ ? calls_ >= fail_at_ : calls_ == fail_at_);
  if (fails) return base::Error{code_, "the disk fails"};
  return {};
}

base::Result<void> FakeDisk::called_to_open() {
  if (auto known = called(); !known) return known;
  ++openings_;
  const bool is_lacking = lacks_from_ != 0 && openings_ >= lacks_from_ && openings_ - lacks_from_ < lacks_;
  if (is_lacking) return base::Error{base::sqlstate::insufficient_resources, "too many open files"};
  return {};
}

void FakeDisk::lack_descriptors(std::uint64_t from, std::uint64_t count) {
  const std::scoped_lock lock(mutex_);
  openings_ = 0;
  lacks_from_ = from;
  lacks_ = count;
}

std::uint64_t FakeDisk::opening_calls() const {
  const std::scoped_lock lock(mutex_);
  return openings_;
}

void FakeDisk::fail_at(std::uint64_t call, bool dead, base::SqlState code) {
  const std::scoped_lock lock(mutex_);
  calls_ = 0;
  fail_at_ = call;
  dead_ = dead;
  code_ = code;
}

std::uint64_t FakeDisk::calls() const {
  const std::scoped_lock lock(mutex_);
  return calls_;
}

void FakeDisk::set_capacity(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  capacity_ = bytes;
}

bool FakeDisk::has_room(const Node& node, std::uint64_t end) const {
  if (end <= node.reserved) return true;
  std::uint64_t used = end - node.reserved;
  for (const auto& [name, other] : names_) used += other->reserved;
  return used <= capacity_;
}

void FakeDisk::change_names(Names names) {
  names_ = names;
  name_history_.push_back(std::move(names));
}

void FakeDisk::cut_power(std::mt19937& random) {
  const std::scoped_lock lock(mutex_);
  fail_at_ = 0;
  lacks_from_ = 0;
  names_ = name_history_[random() % name_history_.size()];
  name_history_ = {names_};
  const auto keep_prefix = random() % 2 == 0;
  for (const auto& [name, node] : names_) {
    bool lost = false;
    for (const auto& change : node->unsynced) {
      if (change.truncate) {
        if (random() % 2 == 0) node->durable.resize(change.at, '\0');
        continue;
      }
      for (std::size_t at = 0; at < change.bytes.size();) {
        const auto length = std::min(kSector - (change.at + at) % kSector, change.bytes.size() - at);
        lost = keep_prefix ? lost || random() % 4 == 0 : random() % 2 == 0;
        if (!lost) put(node->durable, change.at + at, std::string_view(change.bytes).substr(at, length));
        at += length;
      }
    }
    node->unsynced.clear();
    node->now = node->durable;
    node->reserved = node->now.size();
  }
}

void FakeDisk::hold(const std::string& name, std::string bytes) {
  {
    const std::scoped_lock lock(mutex_);
    names_.clear();
  }
  add(name, std::move(bytes));
}

void FakeDisk::add(const std::string& name, std::string bytes) {
  const std::scoped_lock lock(mutex_);
  const auto node = std::make_shared<Node>();
  node->reserved = bytes.size();
  node->now = node->durable = std::move(bytes);
  names_[name] = node;
  name_history_ = {names_};
}

std::string FakeDisk::bytes_of(const std::string& name) const {
  const std::scoped_lock lock(mutex_);
  const auto found = names_.find(name);
  return found == names_.end() ? "" : found->second->now;
}

void FakeDisk::copy_to(const std::filesystem::path& directory) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& file : std::filesystem::directory_iterator(directory))
    std::filesystem::remove(file.path());
  for (const auto& [name, node] : names_) write_bytes(directory / name, node->now);
}

std::vector<std::string> FakeDisk::names() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, node] : names_) names.push_back(name);
  return names;
}

// --- Forger
// ----------------------------------------------------------------------------------------------------------

DraftContext Forger::context() const {
  return {origin_, std::chrono::system_clock::time_point(std::chrono::microseconds(micros))};
}

Forger& Forger::add(const Draft& draft, bool ends_batch) {
  if (!in_batch_) ++batch_;
  const std::size_t begin = bytes_.size();
  const std::uint64_t sequence = draft.sequence_at == 0 ? 0 : ++sequences_[draft.agent];
  append_line(bytes_, draft, {index_++, batch_, ends_batch, leaf_, sequence, tree_.hashes()});
  leaf_ = leaf_hash(std::string_view(bytes_).substr(begin));
  tree_.append(leaf_);
  bytes_ += '\n';
  in_batch_ = !ends_batch;
  return *this;
}

Forger& Forger::add(const Record& record, bool ends_batch) {
  return add(*make_draft(record, context()), ends_batch);
}

Forger& Forger::start(const std::string& key) {
  add(segment_draft(context(), "b0"), false);
  return add(open_draft(context(), "b0", "1", kHeartbeat, key));
}

std::string Forger::note(const std::vector<const NamedKey*>& keys) const {
  return signed_note(origin_, head(), keys).value();
}

Forger& Forger::sign(const std::vector<const NamedKey*>& keys) {
  notes_ += note(keys) + "\n";
  return *this;
}

void Forger::begin_segment() {
  bytes_.clear();
  notes_.clear();
}

void Forger::save(const std::filesystem::path& directory, std::uint64_t first_index) const {
  write_bytes(directory / segment_name(first_index), bytes_);
  if (!notes_.empty()) write_bytes(directory / notes_name(first_index), notes_);
}

VerifyReport verify_entries(const std::filesystem::path& directory,
                            const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  VerifyReport report = verify(directory, {}, progress);
  EXPECT_NE(report.result, VerifyResult::clean) << "nobody signed it";
  if (report.findings.size() >= 20) return report;  // the last ones were not kept
  for (const std::string_view nobody : {"no anchor", "unsigned"}) {
    EXPECT_FALSE(report.findings.empty());
    if (report.findings.empty() || report.findings.back().check != nobody) break;
    EXPECT_EQ(report.findings.back().index, report.whole);
    report.findings.pop_back();
  }
  if (report.findings.empty()) report.result = VerifyResult::clean;
  return report;
}

std::string explain(const VerifyReport& report) {
  std::string out = "result " + std::to_string(static_cast<int>(report.result));
  for (const auto& finding : report.findings) {
    out += "\n" + finding.check + " #" + std::to_string(finding.index) + " " + finding.file + ":" +
           std::to_string(finding.line) + " " + finding.message;
  }
  return out;
}

}  // namespace portcullis::audit::testing
