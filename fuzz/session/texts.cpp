#include "texts.hpp"

#include <algorithm>
#include <string>

namespace portcullis::fuzz {
namespace {

constexpr unsigned kDear = kMostCost + 1;
constexpr std::string_view kFirstLimited = "select * from app.u";

// Long enough to be analysed on another thread.
const std::string& long_text() {
  static const std::string text = "select 1 /* " + std::string(20'000, 'x') + " */";
  return text;
}

std::vector<KnownText> make_texts() {
  using enum Does;
  return {
      {"select 1", true, {{read}}},
      {"select * from t", true, {{read, {}, true}}},
      {"select * from app.t", true, {{read}}},
      {"insert into t values (1)", true, {{write, {}, true}}},
      {"insert into app.t values (2)", true, {{write}}},
      {"insert into app.t values ('fail')", true, {{write, {}, false, true}}},
      {"begin", true, {{begin}}},
      {"commit", true, {{commit}}},
      {"rollback", true, {{rollback}}},
      {"commit and chain", true, {{commit_and_chain}}},
      {"savepoint a", true, {{savepoint, "a"}}},
      {"rollback to a", true, {{rollback_to, "a"}}},
      {"release a", true, {{release, "a"}}},
      {"set search_path = app", true, {{set, "app"}}},
      {"set search_path = other", true, {{set, "other"}}},
      {"set local search_path = other", true, {{set_local, "other"}}},
      {"reset search_path", true, {{reset, "app"}}},
      {"copy t from stdin", true, {{copy_in, {}, true}}},
      {"copy app.t from stdin", true, {{copy_in}}},
      {"copy app.t to stdout", true, {{copy_out}}},
      {"copy app.t from stdin; select 1", true, {{copy_in}, {read}}},
      {"copy app.t from stdin; copy app.t from stdin", true, {{copy_in}, {copy_in}}},
      {"insert into app.t values (3); select 1", true, {{write}, {read}}},
      {"select 1; insert into app.t values ('fail'); select 1",
       true,
       {{read}, {write, {}, false, true}, {read}}},
      {"begin; insert into app.t values (4)", true, {{begin}, {write}}},
      {"insert into app.t values (5); commit", true, {{write}, {commit}}},
      {"", true, {}},
      {"prepare s as select * from app.t", true, {{prepare, "select * from app.t"}}},
      {"prepare s as insert into t values (1)", true, {{prepare, "insert into t values (1)"}}},
      {"execute s", true, {{execute, "s"}}},
      {"execute p", true, {{execute, "p"}}},
      {"deallocate s", true, {{deallocate, "s"}}},
      {"deallocate all", true, {{deallocate_all}}},
      {"declare c cursor for select * from app.t", true, {{declare, "select * from app.t"}}},
      {"declare c cursor for select * from t", true, {{declare, "select * from t", true}}},
      {"fetch 1 from c", true, {{fetch, "c"}}},
      {"fetch 1 from p", true, {{fetch, "p"}}},
      {"close c", true, {{close, "c"}}},
      {"create view app.v as select 1", true, {{.does = write, .rows = 0, .locks = true}}},
      {"drop view app.v", true, {{.does = write, .rows = 0, .locks = true}}},
      {"call app.p()", true, {{call, "other"}}},
      {long_text(), true, {{read}}},
      {"select * from app.secret", false},
      {"select * from other.t", false},
      {"drop table app.t", false},
      {"selec", false},
      {"select pg_sleep(1)", false},
      {"insert into app.t values (1); drop table app.t", false},
      {"begin; select * from app.secret; commit", false},
      {"prepare s as select * from app.secret", false},
      {"declare c cursor for select * from app.secret", false},
      {"copy app.secret to stdout", false},
      {"copy app.secret from stdin", false},
      {"set search_path = app; select * from t", false},
      {"execute nobody", false},
      // Of app.u there are limits to what is given back, and to what changes.
      {"select * from app.u", true, {{read, kLimited}}},
      {"copy app.u to stdout", true, {{copy_out, kLimited}}},
      {"declare c cursor for select * from app.u", true, {{declare, "select * from app.u"}}},
      {"prepare s as select * from app.u", true, {{prepare, "select * from app.u"}}},
      {"select * from app.u; select 1", true, {{read, kLimited}, {read}}},
      {"insert into app.t values (6); select * from app.u", true, {{write}, {read, kLimited}}},
      {"insert into app.t values (7); commit; select * from app.u",
       true,
       {{write}, {commit}, {read, kLimited}}},
      {"select * from app.u; commit", true, {{read, kLimited}, {commit}}},
      {"select * from app.u; insert into app.t values (8)", true, {{read, kLimited}, {write}}},
      {"begin; select * from app.u", true, {{begin}, {read, kLimited}}},
      {"copy app.t from stdin; select * from app.u", true, {{copy_in}, {read, kLimited}}},
      {"select * from app.u; copy app.t from stdin", true, {{read, kLimited}, {copy_in}}},
      {"insert into app.t values (1), (2)", true, {{.does = write, .rows = 2}}},
      {"insert into app.t select * from app.u", true, {{.does = write, .rows = 3}}},
      {"insert into app.t values (1), (2); insert into app.t values (3)",
       true,
       {{.does = write, .rows = 2}, {write}}},
      {"prepare s as insert into app.t select * from app.u",
       true,
       {{prepare, "insert into app.t select * from app.u"}}},
      {"insert into app.t select 'later'", true, {{.does = write, .deferred = 1}}},
      {"insert into app.t select 'much later'", true, {{.does = write, .deferred = 3}}},
      {"select * from app.t, app.t t2", true, {{.does = read, .cost = kDear}}},
      {"insert into app.t select * from app.t", true, {{.does = write, .cost = kDear}}},
      {"prepare s as select * from app.t, app.t t2", true, {{prepare, "select * from app.t, app.t t2"}}},
      {"declare c cursor for select * from app.t, app.t t2",
       true,
       {{declare, "select * from app.t, app.t t2"}}},
      {"insert into app.t values (9); select * from app.t, app.t t2",
       true,
       {{write}, {.does = read, .cost = kDear}}},
      {"select 1; create view app.v as select 1", true, {{read}, {.does = write, .rows = 0, .locks = true}}},
      {"set lock_timeout = 50", true, {{set_lock_timeout, "50"}}},
      {"set lock_timeout = 900", true, {{set_lock_timeout, "900"}}},
  };
}

}  // namespace

std::span<const KnownText> known_texts(bool limited) {
  static const std::vector<KnownText> texts = make_texts();
  static const auto first_limited =
      std::find_if(texts.begin(), texts.end(), [](const auto& known) { return known.text == kFirstLimited; });
  return limited ? std::span(texts) : std::span(texts.begin(), first_limited);
}

const KnownText* find_text(std::string_view text) {
  const auto all = known_texts();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const auto& known) { return known.text == text; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace portcullis::fuzz
