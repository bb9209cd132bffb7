#include "catalog/snapshot_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <initializer_list>

#include "catalog/queries.hpp"

namespace portcullis::catalog {
namespace {

using ::testing::HasSubstr;

constexpr int kVersion = 150018;

std::size_t number_of(std::string_view query) {
  const std::span<const Query> all = queries(kVersion);
  for (std::size_t i = 0; i < all.size(); ++i)
    if (all[i].name == query) return i;
  return all.size();
}

// A builder that has a server, the schema 16384 "app" and its table 16385 "t" with the column 1 "a".
class SnapshotBuilderTest : public ::testing::Test {
 protected:
  SnapshotBuilderTest() {
    good("server", {"150018", "shop", "f"});
    good("schemas", {"16384", "app"});
    good("relations", {"16385", "16384", "t", "r", "f", "f", "0"});
    good("columns", {"16385", "1", "a", "23"});
  }

  base::Result<void> add(std::string_view query, std::vector<Field> fields) {
    return builder_.add_row(number_of(query), fields);
  }
  void good(std::string_view query, std::vector<Field> fields) {
    const auto added = add(query, std::move(fields));
    ASSERT_TRUE(added.has_value()) << added.error().message;
  }
  std::string refusal(std::string_view query, std::vector<Field> fields) {
    const auto added = add(query, std::move(fields));
    return added ? "added" : added.error().message;
  }
  std::string contradiction() {
    const auto built = builder_.finish();
    return built ? "built" : built.error().message;
  }

  SnapshotBuilder builder_{kVersion};
};

TEST_F(SnapshotBuilderTest, BuildsWhatItWasGiven) {
  const auto built = builder_.finish();
  ASSERT_TRUE(built.has_value()) << built.error().message;
  EXPECT_EQ((*built)->server_version(), kVersion);
  EXPECT_EQ((*built)->database(), "shop");
  EXPECT_EQ((*built)->fingerprint(), "f");
  ASSERT_NE((*built)->relation("app", "t"), nullptr);
  EXPECT_NE((*built)->relation("app", "t")->column("a"), nullptr);
}

TEST_F(SnapshotBuilderTest, RefusesARowThatIsTooShortOrTooLong) {
  EXPECT_THAT(refusal("schemas", {"1"}), HasSubstr("has 1 fields instead of 2"));
  EXPECT_THAT(refusal("schemas", {"1", "x", "y"}), HasSubstr("has 3 fields instead of 2"));
  EXPECT_THAT(refusal("schemas", {}), HasSubstr("has 0 fields"));
}

TEST_F(SnapshotBuilderTest, NamesTheFieldThatIsWrong) {
  EXPECT_THAT(refusal("schemas", {"x", "app"}), HasSubstr(R"("schemas" needs an oid as "oid")"));
  EXPECT_THAT(refusal("relations", {"1", "2", "t", "r", "f", "maybe", "0"}),
              HasSubstr(R"(t or f as "row_security")"));
}

TEST_F(SnapshotBuilderTest, RefusesWhatIsNoOid) {
  for (const char* text : {"", "-1", "+1", "1 ", "0x1", "4294967296", "99999999999999999999"})
    EXPECT_THAT(refusal("schemas", {text, "app"}), HasSubstr("an oid")) << text;
  EXPECT_EQ(refusal("schemas", {"4294967295", "last"}), "added");
}

TEST_F(SnapshotBuilderTest, RefusesNull) {
  EXPECT_THAT(refusal("schemas", {"1", std::nullopt}), HasSubstr(R"(instead of NULL as "name")"));
}

TEST_F(SnapshotBuilderTest, RefusesLettersThatItDoesNotKnow) {
  EXPECT_THAT(refusal("relations", {"1", "2", "t", "g", "f", "f", "0"}), HasSubstr(R"(as "kind")"));
  EXPECT_THAT(refusal("relations", {"1", "2", "t", "", "f", "f", "0"}), HasSubstr(R"(as "kind")"));
  EXPECT_THAT(refusal("attached", {"16385", "x", "n", "s", "f", "{}", "{}", "{}"}),
              HasSubstr(R"(as "kind")"));
  EXPECT_THAT(refusal("attached", {"16385", "c", "n", "sx", "f", "{}", "{}", "{}"}),
              HasSubstr(R"(as "events")"));
  EXPECT_THAT(refusal("attached", {"16385", "c", "n", "ss", "f", "{}", "{}", "{}"}),
              HasSubstr(R"(as "events")"));
}

TEST_F(SnapshotBuilderTest, RefusesArraysThatAreNoneOrHoldOtherThings) {
  for (const char* text : {"", "{", "1,2", "{1,}", "{,}", "{1", "{a}", "{NULL}", "{{1}}"})
    EXPECT_THAT(refusal("attached", {"16385", "c", "n", "i", "f", text, "{}", "{}"}),
                HasSubstr(R"(as "functions")"))
        << text;
  for (const char* text : {"{1:}", "{:1}", "{1:-1}", "{1:40000}", "{1:2:3}"})
    EXPECT_THAT(refusal("attached", {"16385", "c", "n", "i", "f", "{}", "{}", text}),
                HasSubstr(R"(as "accesses")"))
        << text;
}

TEST_F(SnapshotBuilderTest, RefusesColumnNumbersThatNoColumnHas) {
  for (const char* text : {"0", "-1", "32768", "x"})
    EXPECT_THAT(refusal("columns", {"16385", text, "b", "23"}), HasSubstr("a column's number")) << text;
}

TEST_F(SnapshotBuilderTest, RefusesAQueryThatIsNotThere) {
  EXPECT_FALSE(builder_.add_row(queries(kVersion).size(), {}).has_value());
  SnapshotBuilder newer(kNewerServer);
  EXPECT_FALSE(newer.add_row(0, {}).has_value());
  EXPECT_FALSE(newer.finish().has_value());
}

TEST_F(SnapshotBuilderTest, RefusesToFinishWithoutTheServersRowOrWithAnothers) {
  EXPECT_FALSE(SnapshotBuilder(kVersion).finish().has_value());
  good("server", {"150017", "shop", "f"});
  EXPECT_THAT(contradiction(), HasSubstr("150017, not 150018"));
}

TEST_F(SnapshotBuilderTest, RefusesAColumnOfARelationThatIsNotThere) {
  good("columns", {"99999", "1", "a", "23"});
  EXPECT_THAT(contradiction(), HasSubstr(R"(there is no relation 99999 for "a")"));
}

TEST_F(SnapshotBuilderTest, RefusesTwoColumnsOfOneNumber) {
  good("columns", {"16385", "1", "b", "23"});
  EXPECT_THAT(contradiction(), HasSubstr("two columns of one number"));
}

TEST_F(SnapshotBuilderTest, RefusesRelationsThatAreTheSame) {
  good("relations", {"16386", "16384", "t", "v", "f", "f", "0"});
  EXPECT_THAT(contradiction(), HasSubstr(R"(two of the relation "t")"));
}

TEST_F(SnapshotBuilderTest, RefusesARelationWithoutItsSchema) {
  good("relations", {"16386", "5", "u", "r", "f", "f", "0"});
  EXPECT_THAT(contradiction(), HasSubstr(R"(no schema of the relation "u")"));
}

TEST_F(SnapshotBuilderTest, RefusesKeysOfColumnsThatAreNotThere) {
  good("foreign_keys", {"k", "16385", "16385", "{1}", "{2}", "a", "c"});
  EXPECT_THAT(contradiction(), HasSubstr(R"(there is no column 2 of "t")"));
}

TEST_F(SnapshotBuilderTest, RefusesStoredCodeOfARelationThatIsNotThere) {
  good("attached", {"99999", "t", "tg", "i", "f", "{}", "{}", "{}"});
  EXPECT_THAT(contradiction(), HasSubstr(R"(there is no relation 99999 for "tg")"));
}

TEST_F(SnapshotBuilderTest, TakesAnUnknownColumnThatCodeNamesForTheWholeRow) {
  good("attached", {"16385", "r", "rule", "i", "f", "{}", "{}", "{16385:7,2619:1}"});
  const auto built = builder_.finish();
  ASSERT_TRUE(built.has_value()) << built.error().message;
  const std::vector<Access>& accesses = (*built)->relation(16385)->attached.at(0).accesses;
  ASSERT_EQ(accesses.size(), 2U);
  EXPECT_TRUE(accesses[0].all_columns);
  EXPECT_TRUE(accesses[1].all_columns);
}

}  // namespace
}  // namespace portcullis::catalog
