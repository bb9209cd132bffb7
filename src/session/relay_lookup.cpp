// Relay, what messages are judged by: the basis that all sessions share, how this session's names are looked
// up, and, while its own transaction changes the catalog, the catalog as only this session sees it.
#include <algorithm>
#include <utility>

#include "session/relay.hpp"

namespace portcullis::session {

using base::Error;
namespace sqlstate = base::sqlstate;
namespace type = wire::backend_type;

namespace {

// No row that the gate asks for is longer: a server that sends more is not the one that was asked.
constexpr std::uint32_t kMaxRow = 64u << 20;

// Nothing of users stands in front of PostgreSQL's own; temporary relations do not hide functions and
// operators.
bool own_names_lead(const std::vector<std::string>& path) {
  const auto own = std::find(path.begin(), path.end(), "pg_catalog");
  return own == path.end() || std::all_of(path.begin(), own, [](const std::string& schema) {
           return schema.starts_with("pg_temp");
         });
}

}  // namespace

// --- before a message is judged

// False: the message has to wait for something to be judged by.
bool Relay::take_view(std::string_view coming) {
  auto basis = needs_.basis->current();
  // Nobody is held up by changes of others for a record of what might have been.
  if (!basis && only_observes()) basis = needs_.basis->last();
  // What there was may be gone again, where the server had to be asked about it meanwhile.
  if (!basis && !basis_given_up_) {
    wanted_basis_ = 0;
    return false;
  }
  if (basis && end_if_strayed(*basis)) return false;
  if (!follow_lookup(basis, coming)) return false;
  View view;
  const bool own_is_newest = std::exchange(lookup_.just_read, false);
  const bool was_asked = std::exchange(basis_settled_, false) && basis_asked_;
  basis_given_up_ = false;
  if (was_asked && basis) lookup_.asked_about = basis->snapshot;
  view.newest = was_asked || own_is_newest || is_known_to_lack(basis);
  view.blind = blindness(basis);
  // Within a pipeline it cannot be made anew from a newer policy.
  const bool own_counts = lookup_.own && lookup_.own_made_from == basis;
  view.basis = basis && own_counts ? lookup_.own : std::move(basis);
  view.names = lookup_.names;
  view.claims = lookup_.claims;
  view.unsettled = lookup_.catalog_changing || lookup_.names_moving || lookup_.change_pending ||
                   lookup_.names_stale || lookup_.catalog_stale;
  view.in_pipeline = unsynced_ || is_copying();
  view.in_block = status_ != 'I';
  view.stays_in_block =
      status_ == 'T' && !left_block_ && !may_be_on_its_way([](const Consequences& consequences) {
        return consequences.may_rewind || consequences.commits_within;
      });
  view.has_changes = changed_ || reached_out_ || may_be_on_its_way([](const Consequences& consequences) {
                       return consequences.changes || consequences.reaches_out;
                     });
  view.failed = status_ == 'E';
  view.settings = settings_;
  view.earlier = earlier_;
  view.tried = tried_;
  judged_by_ = view.basis;
  judge_.use(std::move(view));
  return true;
}

bool Relay::only_observes() const {
  const auto basis = needs_.basis->last();
  return basis && basis->guard->policy().forwards_not_understood(identity_.agent);
}

// Where it is only for the record, a name that was looked for once is not waited for again in the same
// catalog: a temporary table is in none, and its every statement would wait.
bool Relay::is_known_to_lack(const std::shared_ptr<const Basis>& basis) const {
  if (!basis || !basis->snapshot || lookup_.asked_about.lock() != basis->snapshot) return false;
  if (lookup_.catalog_changing || needs_.basis->current() != basis) return false;
  return basis->guard->policy().forwards_not_understood(identity_.agent);
}

// Whoever only watched cannot tell what the session is since: its role, its settings, its temporary objects.
bool Relay::end_if_strayed(const Basis& basis) {
  if (!judge_.has_strayed() && reading_.is_shared()) return false;
  if (basis.guard->policy().forwards_not_understood(identity_.agent)) return false;
  end_with({sqlstate::admin_shutdown,
            "the policy is enforced now, and this session did what it refuses while it was only observed: "
            "connect again"});
  return true;
}

// False: the server has to be asked first, or has to have answered what may change the answer.
bool Relay::follow_lookup(const std::shared_ptr<const Basis>& basis, std::string_view coming) {
  waits_for_quiet_ = false;
  if (!is_outdated(basis) || unsynced_ || is_copying()) return true;
  if (!is_quiet()) {
    waits_for_quiet_ = true;
    return false;
  }
  lookup_.change_pending = false;
  // A failed transaction answers nothing, and runs nothing either.
  if (status_ == 'E' || lookup_.failure) return true;
  const bool for_catalog = is_own_catalog_outdated(basis);
  if (!for_catalog && !are_names_outdated(basis)) return true;
  // It must come before everything that takes a snapshot, and it uses no names.
  if (status_ == 'T' && !for_catalog && sets_transaction(coming)) return true;
  ask_server(basis, for_catalog);
  return false;
}

bool Relay::sets_transaction(std::string_view message) const {
  if (message.empty() || message.size() > kInlineAnalysis || !reading_.is_shared()) return false;
  const auto body = message.substr(5);
  switch (message.front()) {
    case wire::frontend_type::query: {
      const auto query = wire::decode<wire::Query>(body);
      return query && sets_transaction(needs_.facts->analyze(query->text));
    }
    case wire::frontend_type::parse: {
      const auto parse = wire::decode<wire::Parse>(body);
      return parse && sets_transaction(needs_.facts->analyze(parse->text));
    }
    case wire::frontend_type::bind: {
      const auto bind = wire::decode<wire::Bind>(body);
      if (!bind) return false;
      const auto statements = registry_.prepared.find(bind->statement, registry_.pipeline);
      return !statements.empty() &&
             std::all_of(statements.begin(), statements.end(),
                         [](const auto& statement) { return session::sets_transaction(*statement->facts); });
    }
    default: return false;
  }
}

bool Relay::sets_transaction(const Analysis& analysis) {
  return *analysis && session::sets_transaction(**analysis);
}

bool Relay::is_outdated(const std::shared_ptr<const Basis>& basis) const {
  return lookup_.change_pending || are_names_outdated(basis) || is_own_catalog_outdated(basis);
}

// A schema that somebody made, or may use now, may be on the path.
bool Relay::are_names_outdated(const std::shared_ptr<const Basis>& basis) const {
  // In an open transaction asking takes its snapshot, which what is only observed must not notice.
  const bool may_ask = status_ != 'T' || !is_catalog_new(basis) || !only_observes();
  return lookup_.names_stale || lookup_.names_in_doubt || (may_ask && is_catalog_new(basis));
}

bool Relay::is_catalog_new(const std::shared_ptr<const Basis>& basis) const {
  return basis && basis->snapshot && lookup_.told_with.lock() != basis->snapshot;
}

bool Relay::is_own_catalog_outdated(const std::shared_ptr<const Basis>& basis) const {
  if (status_ != 'T' || !lookup_.catalog_changing || !basis || !basis->snapshot) return false;
  // Where it is only for the record it is read when a name is not found, not after every change.
  if (only_observes()) return false;
  return lookup_.catalog_stale || (lookup_.own && lookup_.own_made_from != basis);
}

// Why it is not known what the next message's names mean, or nothing.
std::optional<Error> Relay::blindness(const std::shared_ptr<const Basis>& basis) {
  if (!own_names_lead(lookup_.names->search_path)) {
    return Error{
        sqlstate::feature_not_supported,
        "in the search_path pg_catalog stands behind another schema, which could give new meanings to "
        "PostgreSQL's own types and operators: put it first or leave it out"};
  }
  if (lookup_.failure) return std::exchange(lookup_.failure, std::nullopt);
  if (!unsynced_ && !is_copying()) return std::nullopt;
  if (is_catalog_new(basis)) {
    return Error{sqlstate::feature_not_supported,
                 "the catalog has changed since this pipeline began, so what names mean must be asked anew: "
                 "send a Sync and try again"};
  }
  const bool changed = lookup_.change_pending || lookup_.names_stale || lookup_.catalog_stale ||
                       is_own_catalog_outdated(basis);
  if (!changed) return std::nullopt;
  return Error{sqlstate::feature_not_supported,
               "what its names mean hangs on a statement before it in the same pipeline: send a Sync before "
               "it"};
}

bool Relay::is_quiet() const {
  return replies_.empty() && staged_.empty() && server_stream_left_ == 0 && !unsynced_ && !is_copying();
}

bool Relay::waits_for_server() const {
  const bool is_full =
      barriers_ > 0 || staged_bytes_ >= kMaxStaged || replies_.size() + staged_.size() >= kMaxReplies;
  if (holds_back() && is_full) return true;
  // A pipeline that turns out not to have ended is not waited for: its end is the client's to send.
  const bool may_become_quiet = !is_quiet() && !unsynced_ && !is_copying();
  return own_request_ || cost_ || counts_rows_now() || waits_to_count() || replies_.size() >= kMaxReplies ||
         (waits_for_quiet_ && may_become_quiet);
}

bool Relay::try_basis() {
  if (!wanted_basis_) return true;
  if (needs_.basis->answered() < *wanted_basis_ || (!needs_.basis->current() && !only_observes()))
    return false;
  settle_basis();
  return true;
}

void Relay::settle_basis() {
  // Without a number nobody was asked: what there is now may be older than the message.
  basis_asked_ = wanted_basis_ && *wanted_basis_ > 0;
  wanted_basis_.reset();
  basis_settled_ = true;
}

void Relay::give_up_basis() {
  settle_basis();
  basis_given_up_ = true;
}

bool Relay::ask_for_newer_catalog(const Judgement& judgement) {
  if (!judgement.wants_newer_catalog) return false;
  // What the session's own transaction has made is in nobody else's catalog.
  auto basis = needs_.basis->current();
  if (!basis && only_observes()) basis = needs_.basis->last();
  if (basis && basis->snapshot && lookup_.catalog_changing && status_ == 'T' && is_quiet()) {
    ask_server(basis, true);
  } else {
    wanted_basis_ = needs_.basis->ask_again();
  }
  return true;
}

// --- the gate's own request

void Relay::ask_server(const std::shared_ptr<const Basis>& basis, bool for_catalog, bool for_settings) {
  if (for_catalog) lookup_.own_made_from = basis;
  const bool new_catalog = is_catalog_new(basis);
  if (basis) lookup_.told_with = basis->snapshot;
  const int version = for_catalog && basis ? basis->snapshot->server_version() : 0;
  own_request_ =
      std::make_unique<OwnRequest>(identity_.reserved_name + "-own", version, new_catalog, for_settings);
  to_server_ += own_request_->take_out();
}

bool Relay::is_fatal(std::string_view error) {
  const auto response = wire::decode<wire::ErrorResponse>(error);
  if (!response) return false;
  const auto severity = response->field(response->field('V').empty() ? 'S' : 'V');
  return severity == "FATAL" || severity == "PANIC";
}

// The next message of an answer to the gate itself, or nothing when more is needed first.
std::optional<std::string_view> Relay::own_frame(std::string_view bytes, std::uint32_t longest) {
  const auto header = wire::peek_backend(bytes);
  if (!header || (*header && (*header)->body_size > longest)) {
    violation("the database did not answer the gate's own request in the protocol");
    return std::nullopt;
  }
  if (!*header || bytes.size() < (*header)->frame_size()) return std::nullopt;
  return bytes.substr(0, (*header)->frame_size());
}

// The bytes used, or nothing when more are needed first.
std::optional<std::size_t> Relay::on_own_answer(std::string_view bytes) {
  const auto whole = own_frame(bytes, kMaxRow);
  if (!whole) return std::nullopt;
  const auto frame = *whole;
  const auto body = frame.substr(5);
  switch (frame.front()) {
    case type::parameter_status: {
      on_parameter_status(body);
      // The request's own settings, and their way back: 13 reports the one although it stays as it is, newer
      // servers report the other.
      const auto status = wire::decode<wire::ParameterStatus>(body);
      const bool is_own =
          status && (status->name == "search_path" || status->name == "standard_conforming_strings");
      if (!ended_ && status && !is_own) send_to_client(frame);
      return frame.size();
    }
    case type::notification_response: send_to_client(frame); return frame.size();
    case type::error_response:
      if (!is_fatal(body)) break;
      on_error(body, frame);
      return frame.size();
    default: break;
  }
  switch (own_request_->on_message(frame.front(), body)) {
    case OwnRequest::Next::read: break;
    case OwnRequest::Next::done: use_own_answer(); break;
    case OwnRequest::Next::violation:
      violation("the database answered the gate's own request out of order");
      break;
  }
  return frame.size();
}

void Relay::use_own_answer() {
  const auto request = std::move(own_request_);
  status_ = request->transaction_status();
  const auto& answer = request->answer();
  if (!answer) {
    lookup_.names_stale = true;
    lookup_.failure = answer.error();
    lookup_.failure->message.insert(0, "the gate could not ask the database what names mean now: ");
    return;
  }
  lookup_.names = std::make_shared<const catalog::NameSpace>(catalog::NameSpace{answer->schemas});
  lookup_.claims = std::make_shared<const sql::Claims>(answer->claims);
  lookup_.names_stale = lookup_.names_in_doubt = false;
  if (answer->settings) settings_ = answer->settings;
  if (!answer->catalog) return;
  lookup_.own = std::make_shared<const Basis>(
      Basis{lookup_.own_made_from->guard->with_catalog(*answer->catalog), answer->catalog});
  lookup_.catalog_stale = false;
  lookup_.just_read = true;
}

// --- what may change how names are looked up

// From here until the server has said how it ended, names may mean something else at any moment. Inside a
// transaction block that is not before its end.
void Relay::announce_catalog_change(Reply& reply) {
  lookup_.catalog_changing = lookup_.catalog_changing || reply.consequences.changes_catalog;
  if (!lookup_.catalog_changing) return;
  const bool ends =
      reply.request == Request::sync ||
      (reply.request == Request::query && (reply.may_commit || status_ == 'I' || !replies_.empty()));
  if (ends) reply.catalog_change = std::make_shared<CatalogChange>(*needs_.basis);
}

void Relay::note_sending(const Consequences& consequences) {
  const bool unsettled = lookup_.catalog_changing || lookup_.names_moving;
  const bool may_follow = consequences.may_rewind || consequences.resumes;
  lookup_.change_pending = lookup_.change_pending || consequences.moves_lookup ||
                           consequences.redefines_names || (may_follow && unsettled);
}

// It ran, or some of it.
void Relay::note_lookup(const Consequences& consequences) {
  lookup_.names_moving = lookup_.names_moving || consequences.moves_lookup || consequences.runs_triggers;
  lookup_.names_in_doubt = lookup_.names_in_doubt || consequences.runs_triggers;
  const bool may_follow = consequences.may_rewind || consequences.resumes;
  if (consequences.moves_lookup || (may_follow && lookup_.names_moving)) lookup_.names_stale = true;
  if (lookup_.catalog_changing && (consequences.redefines_names || consequences.may_rewind))
    lookup_.catalog_stale = true;
}

void Relay::note_end_of_transaction() {
  if (status_ != 'I') return;
  lookup_.own = nullptr;
  lookup_.catalog_stale = false;
  lookup_.names_stale = lookup_.names_stale || lookup_.names_moving;
  if (!replies_.empty() || !staged_.empty()) return;
  lookup_.catalog_changing = false;
  lookup_.names_moving = false;
  forget_earlier();
}

}  // namespace portcullis::session
