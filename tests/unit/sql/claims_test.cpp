#include "portcullis/sql/claims.hpp"

#include <gtest/gtest.h>

#include "sql/analyze.hpp"

namespace portcullis::sql {
namespace {

constexpr std::string_view kTrace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

Claims of_text(std::string_view text) {
  const auto facts = analyze(text);
  EXPECT_TRUE(facts) << text;
  return facts ? facts->claims : Claims{"refused", {}, ""};
}

TEST(Claims, AreReadFromASqlcommenterComment) {
  const auto claims = claims_in_comment("/*confidence='0.9',reason='the%20import%20broke',traceparent='" +
                                        std::string(kTrace) + "'*/");
  EXPECT_EQ(claims, (Claims{"the import broke", 0.9, std::string(kTrace)}));
}

TEST(Claims, AllowBlanksAndPlainWordsAndKeysOfOthers) {
  EXPECT_EQ(claims_in_comment("/* reason='fix the drift' , db_driver='psycopg%3A3', confidence='1' */"),
            (Claims{"fix the drift", 1.0, ""}));
}

TEST(Claims, UndoTheEscapesOfTheSpecification) {
  EXPECT_EQ(claims_in_comment(R"(/*reason='it\'s 100%25 sure, isn%27t it? \\'*/)").reason,
            "it's 100% sure, isn't it? \\");
}

TEST(Claims, AreAbsentWhereTheCommentHasAnotherForm) {
  for (const std::string_view comment : {"",
                                         "/**/",
                                         "/*/",
                                         "/* fix */",
                                         "/*+ SeqScan(t) */",
                                         "/*reason=fix*/",
                                         "/*reason='fix*/",
                                         "/*reason='fix'x*/",
                                         "/*reason='fix',*/",
                                         "/*,reason='fix'*/",
                                         "/*='fix'*/",
                                         "/*reason='a%2'*/",
                                         "/*reason='a%zz'*/",
                                         R"(/*reason='a\n'*/)",
                                         R"(/*reason='a\'*/)",
                                         "--reason='fix'",
                                         "/*reason='fix',reason='other'*/",
                                         "/*reason='fix',reaso%6e='other'*/",
                                         "/*reason='a';reason='b'*/",
                                         "reason='fix'"}) {
    EXPECT_EQ(claims_in_comment(comment), Claims{}) << comment;
  }
}

TEST(Claims, AreBounded) {
  const std::string longest(kMostReasonBytes, 'x');
  EXPECT_EQ(claims_in_comment("/*reason='" + longest + "'*/").reason, longest);
  EXPECT_EQ(claims_in_comment("/*reason='" + longest + "x'*/").reason, "");
  const std::string filler(kMostCommentBytes - std::string_view("/*reason='a',b=''*/").size(), 'x');
  EXPECT_EQ(claims_in_comment("/*reason='a',b='" + filler + "'*/").reason, "a");
  EXPECT_EQ(claims_in_comment("/*reason='a',b='" + filler + "x'*/").reason, "");
}

TEST(Claims, TakeNoReasonThatSaysNothingOrIsNoText) {
  for (const std::string_view value : {"", " ", "%20%0A", "%00", "a%00b", "%ff", "%c0%af"}) {
    EXPECT_EQ(claims_in_comment("/*reason='" + std::string(value) + "'*/").reason, "") << value;
  }
}

TEST(Claims, TakeOnlyANumberFromZeroToOneForAConfidence) {
  EXPECT_EQ(read_confidence("0"), 0.0);
  EXPECT_EQ(read_confidence("0.85"), 0.85);
  EXPECT_EQ(read_confidence("1.0"), 1.0);
  for (const std::string_view value :
       {"", "1.01", "-0", "-0.5", "+1", "nan", "inf", "1e0", "0x1", "0,9", " 1", "1 ", "90%", "high",
        "00000000000000000000000000000000000000002"}) {
    EXPECT_EQ(read_confidence(value), std::nullopt) << value;
  }
}

TEST(Claims, TakeOnlyATraceparentForATrace) {
  EXPECT_EQ(read_trace(kTrace), kTrace);
  for (const auto at : {0, 2, 3, 35, 52, 54}) {
    std::string wrong(kTrace);
    wrong[static_cast<std::size_t>(at)] = 'G';
    EXPECT_EQ(read_trace(wrong), "") << wrong;
  }
  EXPECT_EQ(read_trace(std::string(kTrace) + "0"), "");
}

TEST(Claims, OfATextAreThoseOfItsLastComment) {
  EXPECT_EQ(of_text("SELECT 1 /*reason='fix'*/").reason, "fix");
  EXPECT_EQ(of_text("/*reason='fix'*/ SELECT 1;\n").reason, "fix");
  EXPECT_EQ(of_text("SELECT 1 /*reason='one'*/; SELECT 2 /*reason='two'*/").reason, "two");
  EXPECT_EQ(of_text("SELECT 1 /*reason='one'*/ /* and so on */").reason, "");
  EXPECT_EQ(of_text("SELECT 1 /*reason='one'*/ -- and so on").reason, "");
  EXPECT_EQ(of_text("SELECT 1 -- /*reason='one'*/").reason, "");
}

// What only looks like a comment is none: the values of rows must not speak for the agent.
TEST(Claims, AreNotReadFromStringsAndNames) {
  EXPECT_EQ(of_text("SELECT '/*reason=''x''*/'").reason, "");
  EXPECT_EQ(of_text("SELECT $$/*reason='x'*/$$").reason, "");
  EXPECT_EQ(of_text(R"(SELECT 1 AS "/*reason='x'*/")").reason, "");
  EXPECT_EQ(of_text("SELECT E'\\'/*reason=''x''*/'").reason, "");
  EXPECT_EQ(of_text("SELECT 1 /* /*reason='x'*/ */").reason, "");
}

TEST(Claims, OfTwoSourcesAreTheNearerReasonAndTheLowerConfidence) {
  const Claims session{"session", 0.5, "s"}, comment{"comment", 0.9, ""};
  EXPECT_EQ(merged(comment, session), (Claims{"comment", 0.5, "s"}));
  EXPECT_EQ(merged({"", 0.2, "c"}, session), (Claims{"session", 0.2, "c"}));
  EXPECT_EQ(merged({}, session), session);
  EXPECT_EQ(merged(comment, {}), comment);
  EXPECT_EQ(merged({}, {}).confidence, std::nullopt);
}

}  // namespace
}  // namespace portcullis::sql
