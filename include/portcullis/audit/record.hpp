// What the log says. A Record is what a caller knows; the log adds the index, the previous entry's hash and
// the time. On disk it is one canonical-JSON object a line: docs/audit-format.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::audit {

// How texts stand in the log, audit.text: as they are, encrypted under keys that can be destroyed, or not at
// all.
enum class TextMode : std::uint8_t { plain, sealed, none };

// A login at the gate that succeeded or failed, or the end of a session.
struct SessionRecord {
  std::string event;          // "login", "refused", "end"
  std::uint64_t session = 0;  // the gate's own number, from 1 at each start
  std::string agent, owner, login, client_address, application_name, database, role;
  bool tls = false;
  std::optional<std::uint32_t> server_pid;
  std::string sqlstate, reason;             // of a refused login; why a session ended
  std::string auth{};                       // by what the login proved itself; empty: it did not
  std::uint64_t count = 0;                  // of refused logins that share this entry; 0: it is one
  std::string tls_version{}, tls_cipher{};  // "TLSv1.3"; of the client's connection
  std::string certificate{};                // the client's: SHA-256 of the DER, hex
};

// What judging an effect again needs beside what stands in its EffectRecord: docs/audit-format.md, "Traits".
// Names are as policy files write them.
struct EffectTraits {
  std::string kind;                // "function"; empty: a relation
  std::vector<std::string> parts;  // of the object's name, where a dot does not part them
  std::string via;                 // "trigger"; empty: it is written
  std::optional<std::uint64_t> cause, oid;
  std::string relation;              // pg_class.relkind; empty: a table, or no relation that is there
  std::vector<std::string> part_of;  // tables whose rows it holds: parents, and parents of these
  bool missing = false, missing_ok = false, where = false;
  // Of a column that is added; `base_type` and `nullable` are the rule, so what stands here is their absence.
  std::optional<std::string> column;
  std::string column_default;
  bool not_null = false, other_type = false, constraint = false;
  // Of a setting, and of what a function's argument sets.
  bool computed = false;
  std::vector<std::string> values;
  // Of a call: by position what names something; empty where it does not, or is no constant.
  std::vector<std::string> names;
  std::vector<std::string> owner;        // of the sequence among them: its table and column
  std::vector<std::string> casts;        // users' functions behind casts to json that it may call
  std::optional<std::string> arguments;  // a user's function: its types
  std::string body, extension;           // and these
};

// One effect and what was decided of it: policy::EffectDecision as text.
struct EffectRecord {
  std::string action, object, outcome, rule, reason;
  std::string ground{};  // "rule", "protection", "not covered"
  std::string route{};   // "through view app.people"; empty: it stands in the statement
  std::vector<std::string> columns{};
  bool all_columns = false;
  std::optional<EffectTraits> traits{};
};

// A parameter of Bind. Exactly one: text (valid UTF-8), hex of other bytes, only a length (too long to
// record), or NULL.
struct ParameterRecord {
  enum class Form : std::uint8_t { null, text, hex, length } form = Form::null;
  std::string value;         // text or hex digits
  std::uint64_t length = 0;  // for Form::length
};

struct DecisionRecord {
  std::uint64_t session = 0;
  std::string agent, role;
  std::string message;             // "Query", "Parse", "Bind", "Execute", "FunctionCall"
  std::string verdict;             // "allow", "would_deny", "ask", "deny"
  std::vector<std::string> kinds;  // command tags
  std::vector<EffectRecord> effects;
  std::string rule;              // of the decisive effect
  std::string sqlstate, reason;  // of a refusal: what the agent is told, without the record's number; of
                                 // would_deny what it would have been told
  std::string text;              // the statement as sent: any bytes (not valid UTF-8 is stored as base64)
  std::uint64_t text_length =
      0;                    // of the whole, where `text` is only the beginning of what is too long to keep
  std::string policy_hash;  // hex
  std::string catalog;      // fingerprint of the catalog that it was judged by; empty where it was none
  std::chrono::milliseconds catalog_age{0};  // since that was known to be what the database has
  std::string dry_run;                       // hash of the report that it was made by; empty: there was none
  // What the agent said about itself and nobody has checked: a W3C traceparent, why it does this, and how
  // sure it is, in hundredths of a percent.
  std::string trace, said_reason;
  std::optional<std::uint64_t> said_confidence;
  std::vector<std::string> limits;  // that hold for what it runs: "rows_returned 100 of rule read"
  std::vector<ParameterRecord> parameters;
  std::vector<std::string> rates;           // the rules whose rate it counts against, each once a statement
  std::optional<std::uint64_t> rows_limit;  // its rows are counted, and it may change no more
  std::optional<std::uint64_t> statement;   // for Bind: the record of the Parse
  // Not recorded: a checkpoint that covers it is signed as soon as it is durable.
  bool checkpoint_at_once = false;
  // Not recorded: nothing that lasts comes of it before something else that is synced, so that it need not be
  // synced at once where the log may wait with reads.
  bool may_lag = false;
};

// Of OutcomeRecord::error; what is beyond is cut, before a character that would not be whole.
inline constexpr std::size_t kMaxErrorBytes = 512;

// Of OutcomeRecord::changed and differs; what is beyond is cut.
inline constexpr std::size_t kMostRowEntries = 10, kMaxRowEntryBytes = 160;

struct OutcomeRecord {
  std::uint64_t session = 0;
  std::uint64_t decision = 0;     // index of the decision's entry
  std::string result;             // "ok", "error", "stopped", "skipped", "connection lost", "suspended"
  std::vector<std::string> tags;  // "UPDATE 3", one for each statement that completed
  std::string sqlstate;           // of an error
  std::string error{};            // what the client was told of it: it may quote the statement
  char transaction_status = 0;    // of the ReadyForQuery that followed, where known
  std::chrono::microseconds duration{0};
  std::uint64_t rows = 0, bytes = 0;  // given to the client: DataRow and CopyData messages and their length
  std::string limit;                  // that was passed: "rows_returned of rule read"
  std::vector<std::string>
      changed;  // changed by table, where they were counted: "app.orders: 3"; see kMostRowEntries
  std::uint32_t attempts = 1;  // how often it was sent, until its locks were free
  // What came otherwise than its dry run had shown: "locks: app.orders: SHARE; predicted: none". Empty: it
  // came as predicted; nothing: it was not compared.
  std::optional<std::vector<std::string>> differs;
  bool may_lag = false;  // not recorded: nobody acts by it before something else that is synced
};

// The policy's bytes, so that decisions can be judged again; the configuration's, without secrets.
struct PolicyRecord {
  std::string name, hash, bytes;
};
struct ConfigRecord {
  std::string bytes;
};

// What the dry run of a statement has shown, before the decision that was made by it.
struct DryRunRecord {
  std::uint64_t session = 0;
  std::string hash;    // SHA-256 of the report's bytes, hex
  std::string report;  // JSON: docs/dry-run.md; not kept where texts are not
};

// Statements that were refused like one that is recorded, so often that only their number is kept.
struct CountedRecord {
  std::uint64_t session = 0, count = 0;
  std::string agent, rule, sqlstate;
};

// Checkpoints no longer, or again, reach a place outside.
struct AnchorRecord {
  std::string name, state;  // "failed", "restored"
  std::string reason;       // of a failure
  std::uint64_t size = 0;   // of the newest checkpoint that is there; 0 where none is known
};

// The keys of these texts are destroyed from here on. Either by an order, or, where `order` is empty, of one
// class what was recorded before a time, since the configuration keeps it no longer.
struct EraseRecord {
  std::string hash{}, order{};  // of the order, hex; its file
  std::uint64_t before = 0;     // microseconds since 1970
  std::string text_class{};     // "parameters", "said", "text"
};

// These texts are not to be erased from here on, or are released again, as the order says.
struct HoldRecord {
  std::string hash, order;
};

// The entries before `first`, which begins a segment, are removed from here on, as the order says.
struct PruneRecord {
  std::uint64_t first = 0;
  std::string hash, order;  // of the order, hex; its file
  std::string root;         // of the tree of those entries, hex
};

// Somebody read entries with their sealed fields open; with `hash` into a file of that hash, hex.
struct ReadRecord {
  std::string by;
  std::uint64_t first = 0, last = 0, records = 0;
  std::vector<std::string> classes{};
  std::string purpose{};
};
struct ExportRecord {
  ReadRecord read;
  std::string hash;
};

using Record =
    std::variant<SessionRecord, DecisionRecord, OutcomeRecord, PolicyRecord, ConfigRecord, DryRunRecord,
                 CountedRecord, AnchorRecord, EraseRecord, HoldRecord, PruneRecord, ReadRecord, ExportRecord>;

// Where records go. Thread-safe.
class Sink {
 public:
  virtual ~Sink() = default;
  // The index that the entry has from now on, in the order of the calls; it may be acted on once durable() is
  // above it. 58030 or 53100 when the log cannot take it: nothing was appended, and the caller must refuse.
  [[nodiscard]] virtual base::Result<std::uint64_t> append(Record record) = 0;
  // Whoever is about to wait for what it appended says so, once for all of it: what need not be synced is then
  // written by this call, where nobody else is writing. Without it whoever waits may be told late.
  virtual void write_out() {}
  // Entries with an index below this are on disk, as far as a returned fdatasync can tell; at its end there
  // may be some that may lag and are in the file, where the log may wait with their sync.
  [[nodiscard]] virtual std::uint64_t durable() const noexcept = 0;
  // Set once a write or sync failed: nothing above durable() is promised, and nothing will be until a
  // restart.
  [[nodiscard]] virtual std::optional<base::Error> failure() const = 0;
};

}  // namespace portcullis::audit
