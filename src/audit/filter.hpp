// Which entries of a log are wanted, as data: what the options of `audit show`, `query`, `report` and
// `export` are made into.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/entry_reader.hpp"

namespace portcullis::audit {

// Everything that is set must hold; empty: any. An entry without the field that is asked for is not wanted.
struct EntryFilter {
  std::uint64_t from = 0;
  std::uint64_t to = UINT64_MAX;  // the last index wanted
  std::optional<EntryType> type{};
  std::string agent{};
  std::string verdict{};
  std::string owner{}, login{};  // of the entry's session, by its login in the same start
  // Of one effect together. `table` as effects name it, "app.orders", or all of a schema, "app.*"; `column`
  // is of `table`, and an effect on all columns counts. Without `direct`, effects that come about through
  // views, functions and cascades count like those that stand in the statement.
  std::string table{}, column{}, action{};
  bool direct = false;
  std::string rule{};   // of the decision, or of any of its effects
  std::string kind{};   // one of the command tags: "UPDATE"
  std::string trace{};  // a whole traceparent, or its trace id alone
  std::string sqlstate{};
  std::optional<std::uint64_t> session{};
  std::optional<std::int64_t> since{}, until{};  // microseconds since 1970; `until` itself is not in
};

// What a session's login said of it.
struct SessionFacts {
  std::uint64_t session = 0;  // its number, from 1 at each start
  std::uint64_t index = 0;    // of the login's entry
  std::string agent, owner, login, client, application, database, role, auth;
};
[[nodiscard]] SessionFacts read_session(const EntryReader& login);

// `who` is the entry's session, where it is known; only `owner` and `login` ask for it.
[[nodiscard]] bool matches(const EntryFilter& filter, const EntryReader& entry, const SessionFacts* who);

// Whether a session has the owner and login that are asked for.
[[nodiscard]] bool is_of_session(const EntryFilter& filter, const SessionFacts* who);

// Whether an object, as an effect names it, is the one of EntryFilter::table.
[[nodiscard]] bool names_table(std::string_view wanted, std::string_view object) noexcept;

// An array of texts of the entry or of one of its objects.
[[nodiscard]] std::vector<std::string> texts_of(const EntryReader& entry, const JsonLine::Value& object,
                                                std::string_view key);

}  // namespace portcullis::audit
