#include "net/dry_runs.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "base/log.hpp"
#include "catalog/queries.hpp"
#include "net/interruption.hpp"
#include "net/shadow_report.hpp"
#include "shadow/session_settings.hpp"
#include "shadow/structure_query.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using session::DryRunResult;
using std::chrono::steady_clock;
namespace sqlstate = base::sqlstate;

namespace {

// How long a statement waits for a copy; how often it is looked whether that is still what there is; how long
// after a copy that could not be made the next one is tried, for nobody and for a statement.
constexpr std::chrono::seconds kLongestWait{30}, kGlance{2}, kPauseAfterFailure{10}, kFreshFailure{1};
// How long nobody must have come before what is not urgent is done.
constexpr std::chrono::milliseconds kSettling{200};
// A schema that changes all the time is copied for a sixth of the time at most.
constexpr int kPauseForEachCopy = 5;
// How often a copy is made for one statement, while the schema changes.
constexpr int kMostCopies = 3;
// How many of them may end by what runs there.
constexpr int kMostEnds = 2;

Error keeps_changing() {
  return {sqlstate::cannot_connect_now,
          "the database's structure keeps changing while it is copied: try again in a moment"};
}

// What stands in its way is for the log, not for agents, but for what passes by itself.
Error no_copy(const Error& why) {
  if (why.code == sqlstate::cannot_connect_now) return why;
  base::log::error("nothing can be tried out: " + why.message);
  return {
      sqlstate::io_error,
      "the gate could not make a copy of the database's structure to try it out in, and its log says why"};
}

Error not_ready() {
  return {sqlstate::cannot_connect_now,
          "the copy of the database's structure is not ready yet: try again in a moment, and see the gate's "
          "log if it stays so"};
}

std::vector<std::pair<std::string, std::string>> settings_of(const session::DryRunRequest& request) {
  auto settings = *request.settings;
  std::erase_if(settings, [](const auto& setting) {
    return setting.first == "role" || setting.first == shadow::kTransactionSetting;
  });
  return settings;
}

std::string transaction_of(const session::DryRunRequest& request) {
  for (const auto& [name, value] : *request.settings) {
    if (name == shadow::kTransactionSetting) return value;
  }
  return {};
}

}  // namespace

struct DryRuns::Job {
  ServerLogin login;
  session::DryRunRequest request;
  std::int32_t server_pid = 0;
  std::function<void(DryRunResult)> finish;
  std::atomic<bool> abandoned{false};
};

DryRuns::DryRuns(Result<ShadowOptions> options) : options_(std::move(options)) {}

DryRuns::~DryRuns() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

Result<void> DryRuns::possible() const {
  if (!options_) return options_.error();
  return {};
}

void DryRuns::keep_ready() {
  const std::lock_guard lock(mutex_);
  (void)start_thread();
}

// Where the system gives none now, it may do so for the next statement.
bool DryRuns::start_thread() {
  try {
    if (options_ && !thread_.joinable()) thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    base::log::error(std::string("nothing can be tried out: no thread for it: ") + error.what());
  }
  return thread_.joinable();
}

asio::awaitable<DryRunResult> DryRuns::try_out(ServerLogin login, session::DryRunRequest request,
                                               std::int32_t server_pid) {
  if (!options_) co_return DryRunResult(options_.error());
  const auto home = co_await asio::this_coro::executor;
  auto done = std::make_shared<asio::steady_timer>(home, kLongestWait);
  auto result = std::make_shared<DryRunResult>(not_ready());
  auto job = std::make_shared<Job>();
  job->login = std::move(login);
  job->request = std::move(request);
  job->server_pid = server_pid;
  // The timer belongs to the caller's thread: hand over there.
  job->finish = [home, done, result](DryRunResult told) {
    asio::post(home, [done, result, told = std::move(told)]() mutable {
      *result = std::move(told);
      done->cancel();
    });
  };
  {
    const std::lock_guard lock(mutex_);
    if (!start_thread()) co_return DryRunResult(not_ready());
    jobs_.push_back(job);
  }
  wake_.notify_all();
  const auto [cancelled] = co_await done->async_wait(no_throw);
  (void)cancelled;
  job->abandoned = true;
  co_return std::move(*result);
}

void DryRuns::run() {
  const Interruption interruption(stopping_);
  while (!stopping_) {
    const auto job = next_job();
    auto result = work_for(job.get());
    if (job) job->finish(std::move(result));
  }
}

// For nobody: after the copy is looked. A bug of ours, or a lack of memory, ends what is under way and never
// the gate.
DryRunResult DryRuns::work_for(const Job* job) {
  try {
    if (job != nullptr) return work(*job);
    look_after_copy();
    return not_ready();
  } catch (const std::exception& error) {
    return no_copy(give_up_copy(error));
  }
}

// Nobody knows what was left half done.
Error DryRuns::give_up_copy(const std::exception& error) {
  production_.reset();
  shadow_.reset();
  retired_.reset();
  spare_.reset();
  wants_spare_ = false;
  failure_ = Error{sqlstate::io_error, std::string("an unexpected error: ") + error.what()};
  failed_at_ = steady_clock::now();
  return *failure_;
}

std::shared_ptr<DryRuns::Job> DryRuns::next_job() {
  std::unique_lock lock(mutex_);
  const std::chrono::milliseconds rest = wants_spare_ ? kSettling : kGlance;
  if (shadow_ || failure_) wake_.wait_for(lock, rest, [this] { return stopping_ || !jobs_.empty(); });
  if (stopping_ || jobs_.empty()) return nullptr;
  auto job = std::move(jobs_.front());
  jobs_.pop_front();
  return job->abandoned ? nullptr : job;
}

// Made before somebody needs it, as is the cluster of the next one. The one before takes its time to end.
void DryRuns::look_after_copy() {
  retired_.reset();
  if (std::exchange(wants_spare_, false)) {
    auto prepared = Sidecar::prepare(shadow_->sidecar_options());
    if (prepared) spare_ = std::move(*prepared);
  }
  const auto now = steady_clock::now();
  if (failure_ && now - failed_at_ < kPauseAfterFailure) return;
  if (shadow_ &&
      now - looked_at_ < std::max<steady_clock::duration>(kGlance, kPauseForEachCopy * making_took_))
    return;
  looked_at_ = now;
  if (shadow_ && shadow_->running()) {
    const auto there = fingerprint();
    if (!there || *there == fingerprint_) return;
  }
  const auto made = make_copy();
  if (!made && !stopping_) base::log::error("no copy to try statements out in: " + made.error().message);
}

DryRunResult DryRuns::work(const Job& job) {
  DryRunResult result = keeps_changing();
  int ended = 0;
  for (int copies = 0; copies < kMostCopies && !stopping_ && !job.abandoned; ++copies) {
    if (!shadow_ || !shadow_->running()) {
      if (const auto made = make_copy(); !made) return no_copy(made.error());
    }
    if (const auto connected = connect(); !connected) return no_copy(connected.error());
    result = attempt(job);
    if (!shadow_->running()) {
      if (++ended == kMostEnds) return result;
      continue;
    }
    const auto there = fingerprint();
    if (!there) return no_copy(there.error());
    if (*there == fingerprint_) return result;
    if (const auto made = make_copy(); !made) return no_copy(made.error());
    result = keeps_changing();
  }
  return result;
}

DryRunResult DryRuns::attempt(const Job& job) {
  auto report = std::make_shared<shadow::Report>();
  report->role = job.login.user;
  report->server_version = shadow_->server_version();
  report->fingerprint = fingerprint_;
  report->copy_age = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - made_at_);
  report->left_out = shadow_->left_out();
  report->without_row = shadow_->without_row();
  const ReportSources sources{*shadow_,  *production_,   options_->production,
                              job.login, job.server_pid, transaction_of(job.request)};
  shadow::RunPlan plan;
  plan.settings = settings_of(job.request);
  plan.earlier = job.request.earlier;
  plan.parameters = job.request.parameters;
  plan.outside = job.request.outside;
  const auto& rows = job.request.rows;
  const auto& targets = job.request.targets;
  for (std::size_t i = 0; i < job.request.statements.size(); ++i) {
    const auto& statement = job.request.statements[i];
    if (job.abandoned) return not_ready();
    plan.statement = statement;
    report->statements.push_back(report_on(
        sources, plan,
        {i < rows.size() ? rows[i] : std::nullopt, i < targets.size() ? targets[i] : std::nullopt}));
    const auto& told = report->statements.back();
    if (told.not_tried || told.facts.failure) break;
    plan.earlier.push_back(statement);
  }
  return std::shared_ptr<const shadow::Report>(std::move(report));
}

// Beside the one that there is, which it then takes the place of.
Result<void> DryRuns::make_copy() {
  const auto began = steady_clock::now();
  if (failure_ && began - failed_at_ < kFreshFailure) return *failure_;
  // Its room on the disk may be needed, or the server that it has for itself.
  if (shadow_ && (options_->given || !shadow_->running())) {
    shadow_.reset();
    wants_spare_ = false;
  }
  failure_ = keeps_changing();
  for (int copies = 0; copies < kMostCopies && failure_ && !stopping_; ++copies) {
    const auto before = fingerprint();
    auto made = before ? Shadow::build(*options_, std::move(spare_))
                       : Result<std::unique_ptr<Shadow>>(before.error());
    const auto behind = made ? fingerprint() : before;
    if (!made || !behind) {
      failure_ = made ? behind.error() : made.error();
      break;
    }
    if (*before != *behind) continue;
    retired_ = std::exchange(shadow_, std::move(*made));
    fingerprint_ = *behind;
    made_at_ = steady_clock::now();
    failure_.reset();
    wants_spare_ = !options_->given;
  }
  looked_at_ = steady_clock::now();
  making_took_ = looked_at_ - began;
  if (!failure_) return {};
  shadow_.reset();
  wants_spare_ = false;
  failed_at_ = looked_at_;
  return *failure_;
}

Result<void> DryRuns::connect() {
  if (production_) return {};
  auto opened = ShadowConnection::open(options_->production, options_->login, ServerConnection::to_look());
  if (!opened) return opened.error();
  production_ = std::move(*opened);
  return {};
}

// Of what there is in production now.
Result<std::string> DryRuns::fingerprint() {
  if (const auto connected = connect(); !connected) return connected.error();
  const auto rows = production_->ask(std::string(catalog::fingerprint_query(production_->server_version())) +
                                     "; " + std::string(shadow::structure_query()));
  if (!rows) {
    production_.reset();
    return rows.error();
  }
  std::string fingerprint;
  for (const auto& row : *rows) fingerprint.append(row.empty() ? "" : row[0].value_or("")).append("-");
  if (!fingerprint.empty()) fingerprint.pop_back();
  return fingerprint;
}

}  // namespace portcullis::net
