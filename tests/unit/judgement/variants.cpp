#include "tests/unit/judgement/variants.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <random>
#include <set>

#include "sql/lexer.hpp"

namespace portcullis::testing {
namespace {

using sql::Lexeme;
using sql::LexemeKind;

std::vector<Lexeme> lexemes_of(std::string_view text) {
  sql::Lexer lexer(text);
  std::vector<Lexeme> all;
  for (Lexeme one = lexer.next(); one.kind != LexemeKind::end; one = lexer.next()) all.push_back(one);
  return all;
}

// Between these nothing may come: the bytes of one operator.
bool is_operator_byte(const Lexeme& lexeme) {
  return lexeme.kind == LexemeKind::symbol &&
         std::string_view("+-*/<>=~!@#%^&|`?:$").find(lexeme.text) != std::string_view::npos;
}

// `filler` at every border between tokens, and in place of all white space.
std::string between_tokens(std::string_view text, const std::function<std::string()>& filler) {
  std::string out;
  const Lexeme* before = nullptr;
  const auto all = lexemes_of(text);
  for (const Lexeme& lexeme : all) {
    if (lexeme.kind == LexemeKind::space) continue;
    const bool gap = before != nullptr && before->text.data() + before->text.size() != lexeme.text.data();
    const bool border = before != nullptr && !(is_operator_byte(*before) && is_operator_byte(lexeme));
    if (gap || border) out += filler();
    out += lexeme.text;
    before = &lexeme;
  }
  return filler() + out + filler();
}

std::string with_words(std::string_view text, const std::function<std::string(std::string_view)>& change) {
  std::string out;
  for (const Lexeme& lexeme : lexemes_of(text)) {
    out += lexeme.kind == LexemeKind::word ? change(lexeme.text) : std::string(lexeme.text);
  }
  return out;
}

std::string in_case(std::string_view word, int (*fold)(int)) {
  std::string folded(word);
  for (char& c : folded) c = static_cast<char>(fold(static_cast<unsigned char>(c)));
  return folded;
}

std::string alternating(std::string_view word) {
  std::string folded(word);
  for (std::size_t i = 0; i < folded.size(); ++i) {
    const auto byte = static_cast<unsigned char>(folded[i]);
    folded[i] = static_cast<char>(i % 2 == 0 ? std::toupper(byte) : std::tolower(byte));
  }
  return folded;
}

// Names of the shop: no key words, so that each may be quoted.
bool is_name(std::string_view word) {
  static const std::set<std::string_view> names{
      "app",          "secret",       "customers", "orders",      "order_items",  "users",       "ledger",
      "events",       "accounts",     "keys",      "readings",    "measured",     "people",      "contacts",
      "logins",       "logins_again", "tripping",  "wishes",      "id",           "customer_id", "country",
      "ssn",          "status",       "amount",    "note",        "login",        "entry",       "kind",
      "quantity",     "order_id",     "line",      "order_total", "order_pieces", "peek",        "hidden",
      "pg_read_file", "random",       "now",       "upper",       "nowhere",      "nothing",     "email",
      "extra"};
  return names.contains(word);
}

std::string quoted(std::string_view word) {
  return is_name(word) ? '"' + std::string(word) + '"' : std::string(word);
}

// The name in code points: U&"\0061pp".
std::string escaped(std::string_view word) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (!is_name(word)) return std::string(word);
  const auto first = static_cast<unsigned char>(word.front());
  return std::string("U&\"\\00") + kDigits[first >> 4] + kDigits[first & 15] + std::string(word.substr(1)) +
         '"';
}

std::string at_marks(std::string_view marked, std::string_view open, std::string_view close,
                     std::string_view alias) {
  std::string out;
  int aliases = 0;
  for (const char c : marked) {
    if (c == '{') {
      out += open;
    } else if (c == '}') {
      out += close;
    } else if (c == '@') {
      if (!alias.empty()) out += std::string(alias) + std::to_string(++aliases);
    } else {
      out += c;
    }
  }
  return out;
}

std::function<std::string()> always(std::string text) {
  return [text = std::move(text)] { return text; };
}

// The same for the same text.
std::function<std::string()> mixed(std::size_t seed) {
  static constexpr auto kFillers =
      std::to_array<std::string_view>({" ", "\t", "\n", "\r\n", "\f", " /**/ ", "/* ' */", "/* \" $$ */ ",
                                       "/* a /* b */ c */", "-- ; DROP TABLE app.users\n", " --'\n"});
  return [generator = std::minstd_rand(static_cast<unsigned>(seed))]() mutable {
    return std::string(kFillers[generator() % kFillers.size()]);
  };
}

}  // namespace

std::string plain(std::string_view marked) {
  return at_marks(marked, "", "", "");
}

std::vector<Variant> same_statement(std::string_view marked) {
  const std::string text = plain(marked);
  const auto lower = [](std::string_view word) { return in_case(word, std::tolower); };
  const auto upper = [](std::string_view word) { return in_case(word, std::toupper); };
  std::vector<Variant> variants{
      {"comments between tokens", between_tokens(text, always("/* c */"))},
      {"comments to the line's end", between_tokens(text, always(" -- c\n"))},
      {"nested comments", between_tokens(text, always("/* a /* ; */ ' */"))},
      {"tabs and line ends", between_tokens(text, always("\t\r\n\f "))},
      {"lower case", with_words(text, lower)},
      {"upper case", with_words(text, upper)},
      {"alternating case", with_words(text, alternating)},
      {"quoted names", with_words(text, quoted)},
      {"names in code points", with_words(text, escaped)},
      {"parentheses", at_marks(marked, "(", ")", "")},
      {"three parentheses", at_marks(marked, "(((", ")))", "")},
      {"aliases", at_marks(marked, "", "", " AS alias_")},
      {"aliases without AS", at_marks(marked, "", "", " a")},
      {"all at once",
       between_tokens(with_words(at_marks(marked, "(", ")", " AS Alias_"), upper), always("/**/ "))},
      {"a semicolon", text + ";"},
      {"empty statements", ";;" + text + "; ; -- c"},
  };
  for (std::size_t seed = 1; seed <= 5; ++seed) {
    variants.push_back({"mixed fillers", between_tokens(text, mixed(seed))});
  }
  return variants;
}

std::vector<Wrapped> wrapped(std::string_view marked, std::string_view kind) {
  const std::string text = plain(marked);
  const bool query = kind == "SELECT";
  const bool rows = query || text.find("RETURNING") != std::string::npos;
  const bool writes = kind == "INSERT" || kind == "UPDATE" || kind == "DELETE" || kind == "MERGE";
  std::vector<Wrapped> all{{"behind another statement", "SELECT 1; " + text},
                           {"before another statement", text + "; SELECT 1"},
                           {"behind itself", text + ";" + text}};
  const auto add = [&](std::string_view how, std::string one) { all.push_back({how, std::move(one)}); };
  if (query || writes) {
    add("explained", "EXPLAIN " + text);
    add("explained with options", "EXPLAIN (VERBOSE, FORMAT JSON) " + text);
    add("explained and run", "EXPLAIN ANALYZE " + text);
    add("prepared", "PREPARE p AS " + text);
    add("prepared and run", "PREPARE p AS " + text + "; EXECUTE p");
  }
  if (rows && kind != "MERGE") {
    add("in WITH", "WITH w AS (" + text + ") SELECT w FROM w");
    add("in WITH, all columns", "WITH w AS (" + text + ") SELECT * FROM w");
    add("in WITH, all of its columns", "WITH w AS (" + text + ") SELECT w.* FROM w");
    add("in WITH, counted", "WITH w AS (" + text + ") SELECT 1 FROM w");
    add("copied", "COPY (" + text + ") TO STDOUT");
  }
  if (query) {
    const bool locks = text.find("FOR UPDATE") != std::string::npos;
    add("in FROM", "SELECT * FROM (" + text + ") AS s");
    add("in FROM, by its name", "SELECT s.* FROM (" + text + ") AS s");
    add("in FROM, one row", "SELECT 1 FROM (" + text + ") AS s LIMIT 1");
    add("in EXISTS", "SELECT EXISTS (" + text + ")");
    add("in an expression", "SELECT (SELECT 1 FROM (" + text + ") AS s LIMIT 1)");
    add("in parentheses", "((" + text + "))");
    add("in a cursor", "DECLARE c CURSOR FOR " + text);
    if (!locks) add("in UNION", "(" + text + ") UNION ALL (" + text + ")");
  }
  return all;
}

}  // namespace portcullis::testing
