#include "model_session.hpp"

#include <algorithm>
#include <utility>

namespace portcullis::fuzz {
namespace {

constexpr unsigned kRows = 3;   // of every table
constexpr unsigned kDepth = 8;  // of what a name runs by name: else it runs itself

// Of these the names are looked up at Bind, of all others when they run.
bool is_planned(const Part& part) {
  return part.does == Does::read || part.does == Does::write;
}

ModelSession::Effect done(std::string tag, bool is_settled = false) {
  return {.tag = std::move(tag), .is_settled = is_settled};
}
ModelSession::Effect failed(std::string_view code) {
  return {.error = code};
}

}  // namespace

bool ModelSession::is_barred(const KnownText& text) const {
  return block_ == 'E' && !text.parts.empty() && !ends_block(text.parts.front());
}

ModelSession::Effect ModelSession::run(const Part& part, bool alone) {
  start();
  if (block_ == 'E' && !ends_block(part)) return failed("25P02");
  look_up(part);
  if (part.fails) return failed("23505");
  note_bound(part, alone);
  if (finds_lock_held(part)) return failed("55P03");
  most_cost_run_ = std::max(most_cost_run_, part.cost);
  switch (part.does) {
    case Does::read: return {.tag = "SELECT " + std::to_string(kRows), .rows = kRows, .of = part.argument};
    case Does::write:
      note_write("write", part.rows);
      if (may_defer_) deferred_ += part.deferred;
      return done("INSERT 0 " + std::to_string(part.rows));
    case Does::copy_in: return {.copies_in = true};
    case Does::copy_out: return {.tag = "COPY 2", .of = part.argument, .copies_out = true};
    case Does::call:
      note_write("call", 0);
      if (alone && block_ == 'I') {
        commit();
        start();
      }
      now_.path = now_.session_path = part.argument;
      return done("CALL");
    case Does::set:
    case Does::set_local:
    case Does::reset: return run_set(part);
    case Does::set_lock_timeout:
      now_.lock_timeout = now_.session_lock_timeout = part.argument;
      return done("SET");
    case Does::prepare:
    case Does::execute:
    case Does::deallocate:
    case Does::deallocate_all:
    case Does::declare:
    case Does::fetch:
    case Does::close: return run_naming(part);
    case Does::begin:
    case Does::commit:
    case Does::commit_and_chain:
    case Does::rollback:
    case Does::savepoint:
    case Does::rollback_to:
    case Does::release: return run_control(part);
  }
  return {};
}

ModelSession::Effect ModelSession::run_set(const Part& part) {
  now_.path = part.argument;
  if (part.does != Does::set_local) now_.session_path = part.argument;
  return done(part.does == Does::reset ? "RESET" : "SET");
}

ModelSession::Effect ModelSession::run_control(const Part& part) {
  switch (part.does) {
    case Does::begin: block_ = 'T'; return done("BEGIN");
    case Does::commit: {
      const bool works = block_ != 'E';
      works ? commit() : abort();
      block_ = 'I';
      return done(works ? "COMMIT" : "ROLLBACK", true);
    }
    case Does::commit_and_chain: {
      if (block_ == 'I') return failed("25P01");
      const bool works = block_ == 'T';
      works ? commit() : abort();
      start();
      block_ = 'T';
      return done(works ? "COMMIT" : "ROLLBACK", true);
    }
    case Does::rollback:
      abort();
      block_ = 'I';
      return done("ROLLBACK", true);
    case Does::savepoint:
      if (block_ != 'T') return failed("25P01");
      savepoints_.push_back({part.argument, now_, writes_.size(), deferred_});
      return done("SAVEPOINT");
    default: break;
  }
  return run_rollback_to(part);
}

ModelSession::Effect ModelSession::run_rollback_to(const Part& part) {
  if (block_ == 'I') return failed("25P01");
  const auto found = std::find_if(savepoints_.rbegin(), savepoints_.rend(),
                                  [&](const Savepoint& point) { return point.name == part.argument; });
  if (found == savepoints_.rend()) return failed("3B001");
  const auto at = static_cast<std::size_t>(savepoints_.rend() - found) - 1;
  if (part.does == Does::release) {
    savepoints_.resize(at);
    return done("RELEASE");
  }
  now_ = savepoints_[at].settings;
  writes_.resize(savepoints_[at].writes);
  deferred_ = savepoints_[at].deferred;
  savepoints_.resize(at + 1);
  block_ = 'T';
  return done("ROLLBACK");
}

ModelSession::Effect ModelSession::run_naming(const Part& part) {
  const std::string name(part.argument);
  switch (part.does) {
    case Does::prepare: {
      const auto error = prepare("s", find_text(part.argument));
      return error.empty() ? done("PREPARE") : failed(error);
    }
    case Does::execute: {
      const auto* text = prepared(name);
      if (text == nullptr || text->parts.empty()) return failed("26000");
      if (depth_ == kDepth) return failed("54001");
      ++depth_;
      auto effect = run(text->parts.front(), true);
      --depth_;
      return effect;
    }
    case Does::deallocate: return prepared_.erase(name) > 0 ? done("DEALLOCATE") : failed("26000");
    case Does::deallocate_all:
      std::erase_if(prepared_, [](const auto& named) { return !named.first.empty(); });
      return done("DEALLOCATE ALL");
    case Does::declare:
      if (block_ == 'I') return failed("25P01");
      if (portals_.contains("c")) return failed("42P03");
      portals_["c"] = {find_text(part.is_unqualified ? "select * from app.t" : part.argument), kRows, false};
      return done("DECLARE CURSOR");
    case Does::fetch: return fetch(name);
    default: return portals_.erase(name) > 0 ? done("CLOSE CURSOR") : failed("34000");
  }
}

ModelSession::Effect ModelSession::fetch(const std::string& name) {
  const auto found = portals_.find(name);
  if (found == portals_.end()) return failed("34000");
  const auto& text = *found->second.text;
  if (text.parts.size() != 1 || text.parts.front().does != Does::read) return failed("55000");
  const unsigned rows = std::min(1u, found->second.rows_left);
  return give(found->second, rows, "FETCH ");
}

ModelSession::Effect ModelSession::run_portal(const std::string& name, unsigned max_rows, bool& suspended) {
  const auto found = portals_.find(name);
  if (found == portals_.end()) return failed("34000");
  if (is_barred(*found->second.text)) return failed("25P02");
  Portal& portal = found->second;
  if (portal.text->parts.empty()) return {};
  const Part part = portal.text->parts.front();
  if (part.does != Does::read) {
    if (std::exchange(portal.has_run, true)) return failed("55000");
    Part looked_up = part;
    looked_up.is_unqualified = part.is_unqualified && !is_planned(part);
    return run(looked_up, true);
  }
  const unsigned rows = max_rows == 0 ? portal.rows_left : std::min(max_rows, portal.rows_left);
  suspended = max_rows != 0 && rows == max_rows;
  return give(portal, rows, "SELECT ");
}

ModelSession::Effect ModelSession::give(Portal& portal, unsigned rows, std::string tag) {
  const unsigned first = kRows - portal.rows_left + 1;
  portal.rows_left -= rows;
  most_cost_run_ = std::max(most_cost_run_, portal.text->parts.front().cost);
  return {.tag = tag + std::to_string(rows),
          .rows = rows,
          .first_row = first,
          .of = portal.text->parts.front().argument};
}

void ModelSession::fail() {
  portals_.clear();
  if (block_ == 'T') block_ = 'E';
  if (block_ == 'I') abort();
}

void ModelSession::end_of_message() {
  if (block_ == 'I') commit();
}

std::string_view ModelSession::prepare(const std::string& name, const KnownText* text) {
  start();
  if (is_barred(*text)) return "25P02";
  if (text->parts.size() > 1) return "42601";
  if (!name.empty() && prepared_.contains(name)) return "42P05";
  prepared_[name] = text;
  return {};
}

std::string_view ModelSession::bind(const std::string& portal_name, const std::string& statement) {
  start();
  const auto* text = prepared(statement);
  if (text == nullptr) return "26000";
  if (is_barred(*text)) return "25P02";
  if (!portal_name.empty() && portals_.contains(portal_name)) return "42P03";
  if (!text->parts.empty() && is_planned(text->parts.front())) look_up(text->parts.front());
  portals_[portal_name] = {text, kRows, false};
  return {};
}

const KnownText* ModelSession::prepared(const std::string& name) const {
  const auto found = prepared_.find(name);
  return found == prepared_.end() ? nullptr : found->second;
}

const ModelSession::Portal* ModelSession::portal(const std::string& name) const {
  const auto found = portals_.find(name);
  return found == portals_.end() ? nullptr : &found->second;
}

unsigned ModelSession::planned_cost(const KnownText& text) const {
  const KnownText* planned = &text;
  for (unsigned depth = 0; depth <= kDepth; ++depth) {
    if (planned == nullptr || planned->parts.empty()) return 0;
    const Part& part = planned->parts.front();
    if (part.does == Does::declare) planned = find_text(part.argument);
    if (part.does != Does::execute) return planned == nullptr ? 0 : planned->parts.front().cost;
    planned = prepared(std::string(part.argument));
  }
  return 1;  // a server fails here, as it will when the statement runs
}

void ModelSession::note_write(std::string what, unsigned rows) {
  counted_ += rows;
  has_touched_ = has_touched_ || rows > 0;
  writes_.push_back({std::move(what), rows, message_});
}

void ModelSession::run_deferred() {
  start_message();
  if (deferred_ > 0) note_write("deferred", std::exchange(deferred_, 0));
}

void ModelSession::start() {
  if (!std::exchange(is_open_, true)) at_start_ = now_;
}

void ModelSession::commit() {
  run_deferred();
  std::map<std::uint64_t, unsigned> rows;
  for (const auto& write : writes_) {
    committed_.push_back(write.what);
    most_rows_committed_ = std::max(most_rows_committed_, rows[write.message] += write.rows);
  }
  now_.path = now_.session_path;
  now_.lock_timeout = now_.session_lock_timeout;
  is_open_ = false;
  end_transaction();
}

void ModelSession::abort() {
  end_transaction();
  if (std::exchange(is_open_, false)) now_ = at_start_;
}

void ModelSession::end_transaction() {
  writes_.clear();
  portals_.clear();
  savepoints_.clear();
  deferred_ = 0;
  has_touched_ = false;
  if (std::exchange(forgets_, false)) counted_ = 0;
}

}  // namespace portcullis::fuzz
