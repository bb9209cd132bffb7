#include "sql/parse_tree.hpp"

#include <pg_query.h>

#include <algorithm>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "base/utf8.hpp"
#include "sql/pg_query_error.hpp"

namespace portcullis::sql {
namespace {

namespace sqlstate = base::sqlstate;

// Room for all but rare documents, kept for the thread's next one. Room for a rare one is given back.
constexpr std::size_t kUsualDocumentBytes = std::size_t{64} << 10;
constexpr std::size_t kKeptDocumentBytes = std::size_t{8} << 20;

struct FreeParse {
  void operator()(PgQueryParseResult* result) const { pg_query_free_parse_result(*result); }
};

simdjson::dom::parser& thread_parser() {
  thread_local simdjson::dom::parser parser;
  return parser;
}

base::Error too_deep(const AnalysisLimits& limits) {
  return {.code = sqlstate::statement_too_complex,
          .message = "the statement is nested too deeply (the limit is " + std::to_string(limits.tree_depth) +
                     " levels of its parse tree); write a flatter statement"};
}

base::Result<simdjson::dom::element> read_json(std::string_view json, const AnalysisLimits& limits) {
  simdjson::dom::parser& parser = thread_parser();
  if (parser.capacity() > kKeptDocumentBytes) parser = simdjson::dom::parser();
  simdjson::dom::element document;
  auto error = simdjson::SUCCESS;
  if (parser.capacity() < json.size() || parser.max_depth() != limits.tree_depth) {
    error = parser.allocate(std::max(json.size(), kUsualDocumentBytes), limits.tree_depth);
  }
  if (error == simdjson::SUCCESS) error = parser.parse(json.data(), json.size()).get(document);
  if (error == simdjson::SUCCESS) return document;
  if (error == simdjson::DEPTH_ERROR) return too_deep(limits);
  return not_understood("the parse tree's text (" + std::string(simdjson::error_message(error)) + ')');
}

// stmt_location and stmt_len include what stands between a semicolon and the statement.
ParsedStatement trimmed(const Node& root, std::string_view blanked, std::size_t begin, std::size_t length) {
  begin = std::min(begin, blanked.size());
  std::string_view text = blanked.substr(begin, length == 0 ? std::string_view::npos : length);
  constexpr std::string_view kSpace = " \t\n\r\f";
  const std::size_t first = std::min(text.find_first_not_of(kSpace), text.size());
  text.remove_prefix(first);
  const std::size_t last = text.find_last_not_of(" \t\n\r\f;");
  return {root, begin + first, last == std::string_view::npos ? 0 : last + 1};
}

base::Result<std::vector<ParsedStatement>> statements_of(simdjson::dom::element document,
                                                         std::string_view blanked) {
  simdjson::dom::array list;
  if (document["stmts"].get(list) != simdjson::SUCCESS)
    return not_understood("a parse tree without statements");
  std::vector<ParsedStatement> statements;
  for (const simdjson::dom::element item : list) {
    simdjson::dom::object fields;
    if (item.get(fields) != simdjson::SUCCESS) return not_understood("a statement that is no object");
    const Node raw("RawStmt", fields);
    if (auto known = check_tree(raw); !known) return known.error();
    const auto root = raw.child("stmt");
    const std::int64_t begin = raw.number("stmt_location"), length = raw.number("stmt_len");
    if (!root || begin < 0 || length < 0) return not_understood("an empty statement");
    statements.push_back(
        trimmed(*root, blanked, static_cast<std::size_t>(begin), static_cast<std::size_t>(length)));
  }
  return statements;
}

base::Result<void> check_comments(std::string_view original, const GuardedText& guarded) {
  if (guarded.comments.empty()) return {};
  auto found = scan_comments(original);
  if (!found) return found.error();
  if (*found == guarded.comments) return {};
  return not_understood("where the comments begin and end");
}

// Where the character with this position, from 1, begins; the end of the text where it has none.
std::size_t byte_of_character(std::string_view text, std::size_t position) {
  std::size_t byte = 0;
  for (std::size_t character = 1; character < position && byte < text.size(); ++character) {
    do ++byte;
    while (byte < text.size() && (static_cast<unsigned char>(text[byte]) & 0xC0) == 0x80);
  }
  return byte;
}

}  // namespace

base::Error syntax_error(const PgQueryError& error, std::string_view parsed, std::string_view original) {
  base::Error ours{.code = sqlstate::syntax_error,
                   .message = error.message != nullptr ? error.message : "syntax error"};
  // Bison's own limit, met by some 10,000 levels of the grammar.
  if (ours.message.starts_with("memory exhausted")) ours.code = sqlstate::statement_too_complex;
  // libpg_query counts characters, as it is built for UTF-8.
  if (error.cursorpos > 0) {
    const std::size_t at = byte_of_character(parsed, static_cast<std::size_t>(error.cursorpos));
    ours.position = static_cast<std::uint32_t>(base::character_position(original, at));
  }
  return ours;
}

void prepare_parser_thread() {
  static std::mutex mutex;
  thread_local bool prepared = false;
  if (prepared) return;
  // The library makes its pthread key without a lock, and a new one for each thread.
  const std::lock_guard lock(mutex);
  pg_query_init();
  prepared = true;
}

std::string_view grammar_version() noexcept {
  return PG_MAJORVERSION;
}

base::Result<std::vector<ParsedStatement>> parse(std::string_view original, const GuardedText& guarded,
                                                 const AnalysisLimits& limits) {
  prepare_parser_thread();
  if (auto same = check_comments(original, guarded); !same) return same.error();
  PgQueryParseResult result = pg_query_parse(guarded.text.c_str());
  const std::unique_ptr<PgQueryParseResult, FreeParse> owner(&result);
  if (result.error != nullptr) return syntax_error(*result.error, guarded.text, original);
  if (result.parse_tree == nullptr) return not_understood("a missing parse tree");
  auto document = read_json(result.parse_tree, limits);
  if (!document) return document.error();
  return statements_of(*document, guarded.text);
}

}  // namespace portcullis::sql
