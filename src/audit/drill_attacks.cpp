#include "audit/drill_attacks.hpp"

#include <functional>
#include <memory>
#include <utility>

#include "audit/line_edit.hpp"

namespace portcullis::audit {
namespace {

using Lines = std::vector<std::string>;
using Edit = std::function<Lines(const EntryReader&)>;
using Index = std::optional<std::uint64_t>;
using Checks = std::vector<std::string_view>;

constexpr std::string_view kPlain = "as it is";
constexpr std::string_view kRemade = "chain made anew";
constexpr std::int64_t kHour = 3'600'000'000;
constexpr std::int64_t kLongSilence = 20'000'000;  // beyond the heartbeat, in microseconds

// What a file that was written into without care shows. Which of them is first depends on the place.
const Checks kStructure = {"bytes", "canonical", "fields",  "index", "chain",
                           "batch", "seal",      "segment", "tree"};
const Checks kSigned = {"notes", "signature", "root", "anchor"};

Lines as_it_was(const EntryReader& entry) {
  return {std::string(entry.line())};
}

// Only the entry at `index`.
std::optional<Edit> at(const Index& index, Edit edit) {
  if (!index) return std::nullopt;
  return [index = *index, edit = std::move(edit)](const EntryReader& entry) {
    return entry.index() == index ? edit(entry) : as_it_was(entry);
  };
}

Edit set_text(std::string_view key, std::string value) {
  return [key, value = std::move(value)](const EntryReader& entry) {
    return Lines{LineEdit(entry.line()).set_text(key, value).text()};
  };
}

// Of a statement. Of one that is sealed the box is changed, which has as many bytes then as before.
Lines change_statement(const EntryReader& entry) {
  const auto sealed = entry.sealed();
  const auto* field = sealed ? sealed->find("text") : nullptr;
  if (field == nullptr) return set_text("text", "SELECT 'drill'")(entry);
  std::string line(entry.line());
  char& first = line[static_cast<std::size_t>(field->box.data() - entry.line().data())];
  first = first == 'A' ? 'B' : 'A';
  return {line};
}

Lines drop(const EntryReader& /*entry*/) {
  return {};
}

std::string later(const EntryReader& entry, std::int64_t micros) {
  return LineEdit(entry.line()).set("ts", std::to_string(entry.micros() + micros)).text();
}

// With all that came of it, so that no outcome is left alone.
std::optional<Edit> drop_decision(const Survey& log) {
  if (!log.counted) return std::nullopt;
  return [index = *log.counted](const EntryReader& entry) {
    const bool is_its_outcome =
        entry.type() == EntryType::outcome && entry.number("decision") == static_cast<std::int64_t>(index);
    return entry.index() == index || is_its_outcome ? Lines{} : as_it_was(entry);
  };
}

// And counts what the agent decided behind it in the same start one lower.
std::optional<Edit> drop_and_count_anew(const Survey& log) {
  const auto dropped = drop_decision(log);
  if (!dropped) return std::nullopt;
  return [edit = *dropped, log](const EntryReader& entry) {
    const bool is_behind = entry.type() == EntryType::decision && entry.index() > *log.counted &&
                           (!log.next_open || entry.index() < *log.next_open) &&
                           entry.text("agent") == log.counted_agent;
    if (!is_behind) return edit(entry);
    const auto number = static_cast<std::uint64_t>(entry.number("agent_seq").value_or(1));
    return Lines{LineEdit(entry.line()).set_number("agent_seq", number - 1).text()};
  };
}

// Which entry ends the batch stays a matter of the place.
std::optional<Edit> swap(const Survey& log) {
  if (!log.swap) return std::nullopt;
  return [first = *log.swap, held = std::make_shared<std::string>()](const EntryReader& entry) {
    if (entry.index() == first) {
      *held = entry.line();
      return Lines{};
    }
    if (entry.index() != first + 1) return as_it_was(entry);
    return Lines{std::string(entry.line()), *held};
  };
}

std::optional<Edit> silence(const Survey& log) {
  if (!log.running) return std::nullopt;
  return [from = *log.running, by = log.heartbeat + kLongSilence](const EntryReader& entry) {
    return entry.index() < from ? as_it_was(entry) : Lines{later(entry, by)};
  };
}

// The list grows by one call for each attack, in the order of the table.
class List {
 public:
  List(const Survey& log, const Protection& protection, const NamedKey& key)
      : log_(log), protection_(protection), key_(key) {}

  std::vector<Attack> made() && { return std::move(attacks_); }

  void alterations() {
    const auto change = at(log_.text, change_statement);
    plain("a statement's text is changed", change);
    remade("a statement's text is changed", Needs::notes, kSigned, change);
    plain("the last entry's time is changed",
          at(log_.entries - 1, [](const EntryReader& entry) { return Lines{later(entry, 1)}; }));
    plain("a decision is left out", drop_decision(log_));
    remade("a decision is left out", Needs::nothing, {"counters"}, drop_decision(log_));
    remade("a decision is left out, the agent's count set right", Needs::notes, kSigned,
           drop_and_count_anew(log_));
    plain("two entries change places", swap(log_));
    remade("two entries change places", Needs::notes, kSigned, swap(log_));
    const auto twice = at(log_.counted, [](const EntryReader& entry) {
      return Lines{std::string(entry.line()), change_statement(entry).front()};
    });
    plain("a decision is put in", twice);
    remade("a decision is put in", Needs::nothing, {"counters"}, twice);
  }

  void forms() {
    plain("a line of another program is put in", at(log_.open, [](const EntryReader& entry) {
            return Lines{std::string(entry.line()), "drill: all is well"};
          }));
    plain("an entry is written in another form", at(log_.open, [](const EntryReader& entry) {
            return Lines{"{ " + std::string(entry.line().substr(1))};
          }));
  }

  void rules() {
    remade("the gate's start is left out", Needs::nothing, {"order"}, at(log_.open, drop));
    remade("an outcome is said of another entry", Needs::nothing, {"pairs"},
           at(log_.outcome, [](const EntryReader& entry) {
             return Lines{LineEdit(entry.line()).set_number("decision", entry.index()).text()};
           }));
    remade("a policy is exchanged", Needs::nothing, {"policy"}, at(log_.policy, set_text("bytes", "drill")));
    remade("a decision is said to be by another policy", Needs::nothing, {"policy"},
           at(log_.by_policy, set_text("policy", std::string(64, '0'))));
    remade("a configuration is exchanged", Needs::nothing, {"config"},
           at(log_.config, set_text("bytes", "drill")));
    remade("the clock is set back by an hour", Needs::nothing, {"time"},
           at(log_.running, [](const EntryReader& entry) { return Lines{later(entry, -kHour)}; }));
    remade("nothing is recorded for longer than a heartbeat", Needs::nothing, {"silence"}, silence(log_));
  }

  void files() {
    cut("the end is cut off, its notes are left", Needs::notes, kSigned, below_note(), UINT64_MAX);
    cut("the end is cut off, with its notes", Needs::anchor, {"anchor"}, below_anchor(),
        below_anchor().value_or(0));
    // Entries that no anchor reaches yet.
    const bool is_behind =
        protection_.anchored > 0 && log_.last_batch && *log_.last_batch >= protection_.anchored;
    cut("the end behind the newest anchor is cut off, with its notes", Needs::impossible, {},
        is_behind ? log_.last_batch : std::nullopt, is_behind ? *log_.last_batch : 0);
    Forgery without;
    without.edit = [begin = log_.second_segment, end = log_.last_segment](const EntryReader& entry) {
      return entry.index() >= *begin && entry.index() < *end ? Lines{} : as_it_was(entry);
    };
    add("a file in the middle is emptied", kPlain, Needs::nothing, kStructure,
        log_.second_segment ? std::optional(without) : std::nullopt);
  }

  // Of a log that is signed.
  void keys() {
    Forgery forgery;
    forgery.remade = forgery.unsign = true;
    if (log_.text) forgery.edit = *at(log_.text, change_statement);
    const bool is_signed = protection_.covered > 0 && log_.text;
    add("a statement's text is changed, all notes and keys are taken out", kRemade, Needs::key,
        {"key", "anchor"}, is_signed ? std::optional(forgery) : std::nullopt);
    forgery.unsign = false;
    forgery.signer = &key_;
    add("a statement's text is changed, all is signed by another key", kRemade, Needs::key, {"key", "anchor"},
        is_signed ? std::optional(forgery) : std::nullopt);
    const auto known = is_signed && !log_.changes_key ? std::optional(forgery) : std::nullopt;
    add("a statement's text is changed, all is signed by the log's own key, which was stolen", kRemade,
        Needs::anchor, {"anchor"}, known);
    attacks_.back().judged = Judged::rekeyed;
    add("two auditors are shown two histories, both signed by the log's key", kRemade, Needs::anchor,
        {"anchor"}, known);
    attacks_.back().judged = Judged::other_history;
  }

 private:
  void add(std::string_view what, std::string_view how, Needs needs, Checks checks,
           std::optional<Forgery> forgery) {
    attacks_.push_back({what, how, needs, std::move(checks), Judged::as_given, std::move(forgery)});
  }
  void plain(std::string_view what, const std::optional<Edit>& edit) {
    add(what, kPlain, Needs::nothing, kStructure,
        edit ? std::optional(Forgery{.edit = *edit}) : std::nullopt);
  }
  void remade(std::string_view what, Needs needs, Checks checks, const std::optional<Edit>& edit) {
    add(what, kRemade, needs, std::move(checks),
        edit ? std::optional(Forgery{.edit = *edit, .remade = true}) : std::nullopt);
  }
  void cut(std::string_view what, Needs needs, Checks checks, const Index& from, std::uint64_t notes_up_to) {
    add(what, kPlain, needs, std::move(checks),
        from ? std::optional(Forgery{.cut_at = *from, .notes_up_to = notes_up_to}) : std::nullopt);
  }

  // Where to cut so that what reaches further is missed; of a log without, at its last batch.
  [[nodiscard]] Index below_note() const {
    return protection_.covered > 0 ? log_.batch_below : log_.last_batch;
  }
  [[nodiscard]] Index below_anchor() const {
    return protection_.anchored > 0 ? log_.batch_below : log_.last_batch;
  }

  const Survey& log_;
  const Protection& protection_;
  const NamedKey& key_;
  std::vector<Attack> attacks_;
};

}  // namespace

std::vector<Attack> attacks_on(const Survey& log, const Protection& protection, const NamedKey& other_key) {
  List list(log, protection, other_key);
  list.alterations();
  list.forms();
  list.rules();
  list.files();
  list.keys();
  return std::move(list).made();
}

}  // namespace portcullis::audit
