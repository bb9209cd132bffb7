#include "sql/lexer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace portcullis::sql {
namespace {

std::string_view letter(LexemeKind kind) {
  switch (kind) {
    case LexemeKind::space: return "_";
    case LexemeKind::line_comment: return "L";
    case LexemeKind::block_comment: return "B";
    case LexemeKind::string: return "S";
    case LexemeKind::quoted_name: return "Q";
    case LexemeKind::word: return "W";
    case LexemeKind::number: return "N";
    case LexemeKind::symbol: return "";  // the text says which
    case LexemeKind::end: break;
  }
  return "$";
}

// "W<select> _< > N<1>", and ! behind a lexeme that the text's end cut.
std::string lexemes(std::string_view text) {
  std::string all;
  Lexer lexer(text);
  std::size_t length = 0;
  for (Lexeme one = lexer.next(); one.kind != LexemeKind::end; one = lexer.next()) {
    if (one.kind != LexemeKind::space) {
      if (!all.empty()) all += ' ';
      all.append(letter(one.kind)).append("<").append(one.text).append(">");
      if (!one.terminated) all += '!';
    }
    length += one.text.size();
  }
  EXPECT_EQ(length, text.size()) << "some bytes are in no lexeme: " << text;
  return all;
}

TEST(Lexer, SplitsLikePostgres) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"", ""},
      {"select 1", "W<select> N<1>"},
      {"a--b\nc", "W<a> L<--b> W<c>"},
      {"a--b\rc", "W<a> L<--b> W<c>"},
      {"--", "L<-->"},
      {"a-b", "W<a> <-> W<b>"},
      {"a/b", "W<a> </> W<b>"},
      {"/*a*/", "B</*a*/>"},
      {"/**/x", "B</**/> W<x>"},
      {"/*/x*/y", "B</*/x*/> W<y>"},
      {"/*a/*b*/c*/d", "B</*a/*b*/c*/> W<d>"},
      {"/*a*//*b*/", "B</*a*/> B</*b*/>"},
      {"/***/x", "B</***/> W<x>"},
      {"/*a", "B</*a>!"},
      {"/*a/*b*/", "B</*a/*b*/>!"},
      {"1*/*c*/2", "N<1> <*> B</*c*/> N<2>"},
      {"1+--2", "N<1> <+> L<--2>"},
      {"'a'", "S<'a'>"},
      {"'a''b'", "S<'a''b'>"},
      {"'a--b'", "S<'a--b'>"},
      {"'a\\'b'", "S<'a\\'> S<b'>!"},
      {"E'a\\'b'", "S<E'a\\'b'>"},
      {"e'a\\\\'b", "S<e'a\\\\'> W<b>"},
      {"E'a\\", "S<E'a\\>!"},
      {"re'a\\'b", "W<re> S<'a\\'> W<b>"},
      {"U&'a\\'b", "W<U> <&> S<'a\\'> W<b>"},
      {"B'0'x'f'N'n'", "S<B'0'> S<x'f'> S<N'n'>"},
      {"'a' 'b\\'", "S<'a'> S<'b\\'>"},
      {"E'a'\n'b\\'c'", "S<E'a'> S<'b\\'c'>"},
      {"E'a' --x\n  --y\n 'b\\'c'", "S<E'a'> L<--x> L<--y> S<'b\\'c'>"},
      {"E'a' /*x*/\n'b\\'", "S<E'a'> B</*x*/> S<'b\\'>"},
      {"E'a' 'b\\'", "S<E'a'> S<'b\\'>"},
      {"E'a',\n'b\\'", "S<E'a'> <,> S<'b\\'>"},
      {"\"a--b\"", "Q<\"a--b\">"},
      {"\"a\"\"b\"c", "Q<\"a\"\"b\"> W<c>"},
      {"\"a", "Q<\"a>!"},
      {"U&\"a\"\"b\"", "W<U> <&> Q<\"a\"\"b\">"},
      {"$$a--b$$", "S<$$a--b$$>"},
      {"$x$a$$b$y$c$x$d", "S<$x$a$$b$y$c$x$> W<d>"},
      {"$x$a$x", "S<$x$a$x>!"},
      {"a$x$b$x$", "W<a$x$b$x$>"},
      {"$1$$a$$", "N<$1> S<$$a$$>"},
      {"$", "<$>"},
      {"$1a", "N<$1> W<a>"},
      {"\xC3\xA4$x", "W<\xC3\xA4$x>"},
      {"$\xC3\xA4$'$\xC3\xA4$", "S<$\xC3\xA4$'$\xC3\xA4$>"},
      {"1.5e-3", "N<1.5> W<e> <-> N<3>"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(lexemes(text), expected) << text;
}

TEST(Lexer, TellsHowDeepCommentsNest) {
  Lexer lexer("/*1/*2*//*2/*3*/*/*/");
  EXPECT_EQ(lexer.next().nesting, 3u);
  EXPECT_EQ(lexer.next().kind, LexemeKind::end);
}

}  // namespace
}  // namespace portcullis::sql
