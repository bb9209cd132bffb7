#include "net/catalog_keeper.hpp"

#include <algorithm>
#include <utility>

#include "base/log.hpp"
#include "catalog/queries.hpp"
#include "catalog/snapshot_builder.hpp"
#include "net/catalog_reader.hpp"
#include "net/poll_pause.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;

namespace {

// How long a change of the catalog that is under way keeps others from being judged.
constexpr std::chrono::seconds kLongestHoldUp{1};
// A catalog that changes all the time is read for a fifth of the time at most.
constexpr int kPauseForEachReading = 4;

// How long the server may say nothing before another connection is tried: some process of it may hang, and
// nobody is judged meanwhile. A question that takes long it ends itself after a minute.
constexpr std::chrono::milliseconds kLeastPatience{5'000}, kMostPatience{75'000};

Error silent(std::chrono::milliseconds patience) {
  return {base::sqlstate::connection_failure, "the database has said nothing for " +
                                                  std::to_string(patience.count() / 1000) +
                                                  " s: another connection is tried"};
}

class FingerprintTaker final : public session::RowTaker {
 public:
  Result<void> take(std::span<const std::optional<std::string_view>> fields) override {
    if (!fields.empty() && fields.front()) fingerprint = *fields.front();
    return {};
  }
  std::string fingerprint;
};

class BuilderRows final : public CatalogRows {
 public:
  explicit BuilderRows(int server_version) : builder_(server_version) {}
  void begin_query(std::size_t query) override { query_ = query; }
  Result<void> take(std::span<const std::optional<std::string_view>> fields) override {
    return builder_.add_row(query_, fields);
  }
  [[nodiscard]] Result<std::shared_ptr<const catalog::Snapshot>> finish() { return builder_.finish(); }

 private:
  catalog::SnapshotBuilder builder_;
  std::size_t query_ = 0;
};

}  // namespace

CatalogKeeper::CatalogKeeper(CatalogKeeperOptions options, std::shared_ptr<const policy::PolicySet> policy,
                             Upstream& upstream, const base::Clock& clock, std::function<void()> on_change)
    : options_(std::move(options)),
      clock_(clock),
      on_change_(std::move(on_change)),
      policy_(std::move(policy)),
      patience_(std::clamp(options_.oldest, kLeastPatience, kMostPatience)),
      connection_(upstream) {
  asio::co_spawn(context_, run(), [](std::exception_ptr failure) {
    if (failure)
      base::log::error("reading the catalog ended by an unexpected error: nothing more will be let through");
  });
  thread_ = std::thread([this] { context_.run(); });
}

CatalogKeeper::~CatalogKeeper() {
  asio::post(context_, [this] {
    stopping_ = true;
    connection_.close();
    pause_.cancel();
    // A name that is being looked up cannot be hurried: the thread ends without it.
    context_.stop();
  });
  thread_.join();
}

std::shared_ptr<const session::Basis> CatalogKeeper::current() const {
  const std::lock_guard lock(mutex_);
  const auto now = clock_.steady();
  return is_held_up(now) || now - confirmed_ > options_.oldest ? nullptr : basis_;
}

std::shared_ptr<const session::Basis> CatalogKeeper::last() const {
  const std::lock_guard lock(mutex_);
  const bool in_force = basis_ && &basis_->guard->policy() == policy_.get();
  return in_force ? basis_ : nullptr;
}

std::chrono::milliseconds CatalogKeeper::age() const {
  const std::lock_guard lock(mutex_);
  return std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - confirmed_);
}

// A change that waits for a lock, or works for long, must not hold up everybody else: after a moment the
// others go on by what stood before it, and wait once more when it has ended.
bool CatalogKeeper::is_held_up(std::chrono::steady_clock::time_point now) const {
  return answered_ < needed_ || (changing_ > 0 && now < changing_until_);
}

void CatalogKeeper::begin_change() {
  const std::lock_guard lock(mutex_);
  ++changing_;
  changing_until_ = clock_.steady() + kLongestHoldUp;
}

void CatalogKeeper::end_change() {
  {
    const std::lock_guard lock(mutex_);
    --changing_;
    needed_ = ++asked_;
  }
  poke();
}

std::uint64_t CatalogKeeper::ask_again() {
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    number = ++asked_;
  }
  poke();
  return number;
}

std::uint64_t CatalogKeeper::answered() const {
  const std::lock_guard lock(mutex_);
  return answered_;
}

void CatalogKeeper::poke() {
  asio::post(context_, [this] { pause_.cancel(); });
}

asio::awaitable<void> CatalogKeeper::run() {
  while (!stopping_) {
    std::uint64_t asked = 0;
    {
      const std::lock_guard lock(mutex_);
      asked = asked_;
    }
    looking_ = true;
    watch();
    auto looked = co_await look();
    looking_ = false;
    silence_.cancel();
    if (std::exchange(was_silent_, false) && !looked) {
      looked = silent(patience_);
      patience_ = std::min(2 * patience_, kMostPatience);  // it may only be slow
    }
    if (looked) publish(asked);
    report(looked);
    co_await pause();
  }
}

// While a look is under way.
void CatalogKeeper::watch() {
  silence_.expires_at(connection_.waits_since() + patience_);
  silence_.async_wait([this](ErrorCode error) {
    if (error || !looking_) return;
    // It has spoken meanwhile.
    if (std::chrono::steady_clock::now() < connection_.waits_since() + patience_) return watch();
    was_silent_ = true;
    connection_.close();
  });
}

// Afterwards candidate_ is what the server had when this began, or newer.
asio::awaitable<Result<void>> CatalogKeeper::look() {
  if (!connection_.is_open()) {
    const auto opened = co_await connection_.open(options_.login);
    if (!opened) co_return opened;
  }
  const std::string question(catalog::fingerprint_query(connection_.server_version()));
  FingerprintTaker answer;
  const auto begun = clock_.steady();
  const auto asked = co_await connection_.ask(question, answer);
  asking_took_ = clock_.steady() - begun;
  reading_took_ = {};
  if (!asked) co_return asked;
  if (candidate_ && answer.fingerprint == candidate_fingerprint_) co_return Result<void>();
  candidate_fingerprint_ = std::move(answer.fingerprint);
  candidate_.reset();
  BuilderRows rows(connection_.server_version());
  const auto read = co_await read_catalog(connection_, rows);
  reading_took_ = clock_.steady() - begun;
  if (!read) co_return read;
  auto built = rows.finish();
  if (!built) co_return built.error();
  candidate_ = std::move(*built);
  co_return Result<void>();
}

// Functions stay pinned and protections keep what they held for as long as the policy is the same.
void CatalogKeeper::bind() {
  std::shared_ptr<const policy::PolicySet> policy;
  {
    const std::lock_guard lock(mutex_);
    policy = policy_;
  }
  if (bound_catalog_ == candidate_ && bound_policy_ == policy) return;
  const policy::Bound* earlier = bound_policy_ == policy ? bound_.get() : nullptr;
  auto bound = std::make_shared<const policy::Bound>(policy->bind(*candidate_, earlier));
  next_basis_ = std::make_shared<const session::Basis>(
      session::Basis{std::make_shared<const guard::Guard>(policy, bound), candidate_});
  bound_ = std::move(bound);
  bound_policy_ = std::move(policy);
  bound_catalog_ = candidate_;
}

void CatalogKeeper::publish(std::uint64_t asked) {
  bind();
  {
    const std::lock_guard lock(mutex_);
    basis_ = next_basis_;
    confirmed_ = clock_.steady();
    answered_ = asked;
  }
  published_.notify_all();
  on_change_();
}

void CatalogKeeper::wait_for_first(std::chrono::milliseconds longest) {
  std::unique_lock lock(mutex_);
  published_.wait_for(lock, longest, [this] { return basis_ != nullptr; });
}

Result<void> CatalogKeeper::fits(const policy::PolicySet& policy) const {
  std::shared_ptr<const session::Basis> basis;
  {
    const std::lock_guard lock(mutex_);
    basis = basis_;
  }
  if (!basis) return {};
  const auto bound = policy.bind(*basis->snapshot);
  for (const auto& warning : bound.warnings) base::log::warning("policy: " + warning.message);
  if (bound.errors.empty()) return {};
  return Error{base::sqlstate::config_file_error, "the policy does not fit the database: " +
                                                      policy::to_text(bound.errors, policy.policy_name())};
}

void CatalogKeeper::use(std::shared_ptr<const policy::PolicySet> policy) {
  {
    const std::lock_guard lock(mutex_);
    policy_ = std::move(policy);
    needed_ = ++asked_;  // until then nobody is judged by the old one
  }
  poke();
}

// Said once when it begins and once when it is over.
void CatalogKeeper::report(const Result<void>& looked) {
  if (!looked && !failing_) {
    base::log::error("cannot read the catalog: " + looked.error().message +
                     ": nothing is let through once the last one is too old");
  } else if (looked && failing_) {
    base::log::info("the catalog can be read again");
  }
  failing_ = !looked;
}

asio::awaitable<void> CatalogKeeper::pause() {
  {
    const std::lock_guard lock(mutex_);
    if (!failing_ && asked_ > answered_) co_return;
  }
  const auto rest = std::min<std::chrono::steady_clock::duration>(kPauseForEachReading * reading_took_,
                                                                  options_.oldest / 2);
  pause_.expires_after(std::max(pause_after(asking_took_, options_.poll, options_.oldest), rest));
  const auto [cancelled] = co_await pause_.async_wait(no_throw);
  (void)cancelled;
}

}  // namespace portcullis::net
