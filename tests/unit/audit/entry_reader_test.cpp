// The quick checks of a line against the slow ones, on real lines that were changed by chance.
#include "audit/entry_reader.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

#include "audit/sealer.hpp"
#include "support.hpp"

namespace portcullis::audit {
namespace {

using namespace testing;

DecisionRecord rich_decision() {
  DecisionRecord record = decision("select 'a\\b', \"c\"\n\tfrom t -- \x01 \xc3\xa9 \xe2\x82\xac");
  record.effects = {
      {"select", "app.orders", "allow", "read", {}, "rule", "through view app.v", {"id", "t\n"}},
      {"update", "app.people", "deny", "r", "no", {}, {}, {}, true}};
  record.effects[0].traits = all_traits();
  record.effects[1].traits.emplace();
  record.parameters = {{ParameterRecord::Form::text, "x\"y"},
                       {ParameterRecord::Form::null, {}},
                       {ParameterRecord::Form::length, {}, 9'007'199'254'740'991}};
  record.kinds = {"SELECT", "\xff"};
  record.catalog = "c";
  record.said_reason = "because";
  record.said_confidence = 0;
  record.rows_limit = 100;
  record.reason = "\xfe not UTF-8";
  return record;
}

std::vector<std::string> real_lines() {
  Forger forger;
  forger.start();
  forger.add(session("login")).add(rich_decision()).add(decision("select 1"), false).add(outcome(3));
  forger.add(PolicyRecord{"p", sha256_hex("{}"), "{}"}).add(ConfigRecord{"{}"});
  forger.add(CountedRecord{.session = 1, .count = 3, .agent = "bot", .rule = "r", .sqlstate = "42501"});
  forger.add(AnchorRecord{.name = "a", .state = "failed", .reason = "b", .size = 0});
  forger.add(DryRunRecord{.session = 1, .hash = sha256_hex("r"), .report = "r"});
  const TemporaryDirectory folder;
  const FixedClock clock;
  const auto sealer = std::move(Sealer::open(folder / "keys", kOrigin, clock).value());
  EXPECT_TRUE(sealer->renew(2));
  OutcomeRecord failed = outcome(3, 1, "error");
  failed.error = "no \xff";
  DecisionRecord quoting = rich_decision();
  quoting.effects.clear();
  for (const Record& record :
       {Record(quoting), Record(failed), Record(DryRunRecord{.session = 1, .hash = "a", .report = "r"})}) {
    DraftContext sealed = forger.context();
    sealed.text = TextMode::sealed;
    sealed.sealer = sealer.get();
    forger.add(make_draft(record, sealed).value());
  }
  forger.add(EraseRecord{.hash = "ab", .order = "o\xff"}).add(EraseRecord{.before = 7, .text_class = "said"});
  forger.add(HoldRecord{"ab", "o"}).add(ReadRecord{"ann", 1, 9, 3, {"said"}, "why"});
  forger.add(ExportRecord{{"ann", 1, 9, 3, {"said"}, "why"}, "ab"}).add(PruneRecord{7, "ab", "o\xff", "cd"});
  forger.add(heartbeat_draft(forger.context())).add(close_draft(forger.context()));
  std::vector<std::string> lines;
  std::string_view rest = forger.bytes();
  for (auto end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return lines;
}

// Mostly small changes that leave JSON, so that the later checks are reached.
class Changer {
 public:
  std::string change(std::string line) {
    for (std::size_t left = 1 + pick(3); left > 0; --left) change_once(line);
    return line;
  }

 private:
  std::size_t pick(std::size_t below) { return below == 0 ? 0 : random_() % below; }

  void change_once(std::string& line) {
    static const std::vector<std::string> pieces{"\\n",      "\\u000a",  "\\u001f",
                                                 "\\u001F",  "\\/",      "\\\"",
                                                 "\\\\",     "\\u0041",  "\\u0000",
                                                 "\xc3\xa9", "\xc3",     "\xff",
                                                 "\x7f",     "\x1f",     "0",
                                                 "-",        "9",        "\"",
                                                 "{",        "}",        "[",
                                                 "]",        ",",        ":",
                                                 "_base64",  "true",     "null",
                                                 " ",        "\"a\":1,", "=",
                                                 "\\b",      "\\f",      "\\r",
                                                 "\\t",      "\\u0008",  "false",
                                                 "00",       "e",        "{\"base64\":\"eA==\"}"};
    if (line.empty()) return;
    const std::size_t at = pick(line.size() + 1);
    switch (pick(8)) {
      case 0: line.insert(at, pieces[pick(pieces.size())]); return;
      case 1: line.erase(at, 1 + pick(3)); return;
      case 2: line.resize(at); return;
      case 3: line[at % line.size()] = static_cast<char>(pick(256)); return;
      case 4: change_number(line); return;
      case 5: drop_or_repeat_member(line); return;
      case 6: rename_member(line); return;
      default: line[at % line.size()] = line[pick(line.size())]; return;
    }
  }

  std::size_t find_from_anywhere(const std::string& line, std::string_view what) {
    const auto found = line.find(what, pick(line.size()));
    return found == std::string::npos ? line.find(what) : found;
  }

  void change_number(std::string& line) {
    static const std::vector<std::string> numbers{"0",
                                                  "-0",
                                                  "-1",
                                                  "01",
                                                  "9007199254740991",
                                                  "9007199254740992",
                                                  "-9007199254740991",
                                                  "00000000000000001",
                                                  "1.0",
                                                  "-",
                                                  "\"1\"",
                                                  "true",
                                                  "99999999999999999999",
                                                  "1e3"};
    auto begin = find_from_anywhere(line, "\":");
    while (begin != std::string::npos && (line[begin + 2] < '0' || line[begin + 2] > '9'))
      begin = line.find("\":", begin + 1);
    if (begin == std::string::npos) return;
    const auto end = line.find_first_not_of("0123456789", begin + 2);
    line.replace(begin + 2, end - begin - 2, numbers[pick(numbers.size())]);
  }

  void drop_or_repeat_member(std::string& line) {
    const auto begin = find_from_anywhere(line, ",\"");
    if (begin == std::string::npos) return;
    const auto end = line.find(",\"", begin + 1);
    if (end == std::string::npos) return;
    const std::string member = line.substr(begin, end - begin);
    if (pick(2) == 0) {
      line.erase(begin, member.size());
    } else {
      line.insert(pick(2) == 0 ? begin : find_from_anywhere(line, ",\""), member);
    }
  }

  void rename_member(std::string& line) {
    const auto end = find_from_anywhere(line, "\":\"");
    if (end != std::string::npos) line.insert(end, pick(2) == 0 ? "_base64" : "x");
  }

  std::mt19937 random_{20261122};
};

// Where it ends is where it may be read to: a sanitizer sees one byte more.
std::string_view exact(const std::string& line, std::vector<char>& memory) {
  memory.assign(line.begin(), line.end());
  memory.shrink_to_fit();
  return {memory.data(), memory.size()};
}

TEST(EntryReader, SaysQuicklyWhatItSaysCarefully) {
  const std::vector<std::string> lines = real_lines();
  Changer changer;
  EntryReader quick, careful;
  std::map<std::string, int> seen;
  std::vector<char> memory;
  for (int i = 0; i < 150'000; ++i) {
    const std::string& whole = lines[static_cast<std::size_t>(i) % lines.size()];
    const std::string line = i < 100 ? whole : changer.change(whole);
    const std::string_view text = exact(line, memory);
    const auto one = quick.read(text), other = careful.read_carefully(text);
    ++seen[one ? one->check : "none"];
    ASSERT_EQ(one.has_value(), other.has_value()) << line;
    if (one) {
      ASSERT_EQ(one->check, other->check) << line;
      ASSERT_EQ(one->message, other->message) << line;
      ASSERT_EQ(one->truncated, other->truncated) << line;
      continue;
    }
    ASSERT_EQ(quick.type(), careful.type()) << line;
    ASSERT_EQ(quick.index(), careful.index()) << line;
    ASSERT_EQ(quick.batch(), careful.batch()) << line;
    ASSERT_EQ(quick.micros(), careful.micros()) << line;
    ASSERT_EQ(quick.previous(), careful.previous()) << line;
    ASSERT_EQ(quick.ends_batch(), careful.ends_batch()) << line;
  }
  for (const char* check : {"none", "bytes", "canonical", "fields"}) EXPECT_GT(seen[check], 1000) << check;
}

TEST(EntryReader, LooksAtPrevThatIsNotTheOneDue) {
  Forger forger;
  forger.start();
  std::string line = forger.bytes().substr(0, forger.bytes().find('\n'));
  const std::string due(43, 'A');
  EntryReader reader;
  EXPECT_FALSE(reader.read(line, due));
  line.replace(line.find(due) + 42, 1, "B");  // two bits behind the last byte: no hash
  ASSERT_TRUE(reader.read(line, due));
  EXPECT_EQ(reader.read(line, due)->message, "\"prev\" is not a hash");
}

}  // namespace
}  // namespace portcullis::audit
