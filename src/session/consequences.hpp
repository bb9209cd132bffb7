// What a message may change for the judgement of the messages behind it, read off its facts.
#pragma once

#include <optional>

#include "portcullis/base/error.hpp"
#include "portcullis/sql/facts.hpp"

namespace portcullis::session {

struct Consequences {
  bool changes = true;           // data, objects, settings: its outcome must be durable
  bool changes_catalog = false;  // makes, alters or removes objects
  // Of the changes of the catalog those after which a name that was known may mean something else, or bring
  // something else about. The others only add to what is there.
  bool redefines_names = false;
  bool moves_lookup = false;  // where names are looked up: search_path, role
  // Triggers may do so too. One that does is asked for behind the message or pipeline, not within: rows are
  // written in batches to tables that have triggers.
  bool runs_triggers = false;
  // Ends a transaction, or goes back in it: what was changed in it may be undone.
  bool may_rewind = false;
  // Goes on with a query that was begun before: what functions in that do, they do now.
  bool resumes = false;
  // May commit while it runs, so that its failure does not undo all that it did.
  bool commits_within = false;
  // Functions or triggers of users are among what it runs, which may change settings and the catalog.
  bool runs_code = false;
  bool changes_settings = false;
  // Leaves something in the server's session that another one would not have: settings, LISTEN, what PREPARE
  // and DECLARE name, advisory locks, whatever users' code may do.
  bool binds_session = false;
  // Reads what is not PostgreSQL's own alone, a foreign table say: what comes of that may last.
  bool reaches_out = false;

  Consequences& operator|=(const Consequences& other) noexcept;
};

// `runs_code`: functions of users are among what the statements run; these may set what SET sets.
[[nodiscard]] Consequences consequences_of(const sql::Facts& facts, bool runs_code);

// Within one message nothing can be looked up anew: the refusal of a statement whose names hang on one before
// it. The first `written` statements stand in the text, in order; the others are what EXECUTE and FETCH among
// them run. `unsettled`: the open transaction has changed the catalog or where names are looked up.
// `runs_code`: as above; which of the statements does is not told.
[[nodiscard]] std::optional<base::Error> hangs_on_earlier(const sql::Facts& meant, std::size_t written,
                                                          bool unsettled, bool runs_code);

// Whether what a statement means depends on where names are looked up: all but control of the session.
[[nodiscard]] bool uses_names(const sql::Facts& facts);
// Ends a transaction for good.
[[nodiscard]] bool commits(const sql::Facts& facts);
// Commits by itself when no transaction is open, as CALL, VACUUM and others do. Of what works on rows it is
// the Sync that commits.
[[nodiscard]] bool may_commit(const sql::Facts& facts);
// SET, RESET, set_config() and the like.
[[nodiscard]] bool changes_settings(const sql::StatementFacts& statement);
// SELECT and SHOW, and the functions of PostgreSQL's own in them that read: nothing of the session either.
[[nodiscard]] bool only_selects(const sql::Facts& facts);
// BEGIN, SAVEPOINT, RELEASE, ROLLBACK, ROLLBACK TO and SET TRANSACTION: they make nothing last.
[[nodiscard]] bool only_begins_or_undoes(const sql::Facts& facts);
// COMMIT of a transaction block, and nothing else.
[[nodiscard]] bool only_commits(const sql::Facts& facts);
// SET TRANSACTION and nothing else.
[[nodiscard]] bool sets_transaction(const sql::Facts& facts);

}  // namespace portcullis::session
