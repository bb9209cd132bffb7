#include "session/cache_tally.hpp"

#include <gtest/gtest.h>

#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

// What came to the tally since this was made.
class Since {
 public:
  [[nodiscard]] CacheCounts counts() const {
    const auto now = cache_counts();
    return {now.texts - before_.texts, now.texts_found - before_.texts_found, now.verdicts - before_.verdicts,
            now.verdicts_found - before_.verdicts_found};
  }

 private:
  CacheCounts before_ = cache_counts();
};

class CacheTally : public RelayFixture {
 protected:
  void query(const std::string& text) {
    client(bytes_of(wire::Query{text}));
    server({"C SELECT 1", "Z I"});
  }
};

TEST_F(CacheTally, HasTheVerdictsOfASessionOnceItHasEnded) {
  const Since since;
  query("select a from app.t");
  query("select a from app.t");
  query("select a from app.t");
  query("select b from app.t");
  EXPECT_EQ(since.counts().verdicts, 0u);
  with_session({});  // the one before ends
  EXPECT_EQ(since.counts().verdicts, 4u);
  EXPECT_EQ(since.counts().verdicts_found, 2u);
}

TEST_F(CacheTally, HasTheTextsOfAThreadOnceItsCacheHasEnded) {
  const Since since;
  {
    FactsCache texts;
    for (const char* text : {"select a", "select b", "select a", "no statement", "no statement"})
      (void)texts.analyze(text);
    EXPECT_EQ(since.counts().texts, 0u);
  }
  EXPECT_EQ(since.counts().texts, 5u);
  EXPECT_EQ(since.counts().texts_found, 2u);
}

TEST(CacheCounts, AreToldInOneLine) {
  EXPECT_EQ(to_text(CacheCounts{1000, 970, 1030, 960}),
            "caches: 970 of 1000 texts (97%) and 960 of 1030 verdicts (93%) were there");
  EXPECT_EQ(to_text(CacheCounts{2, 0, 0, 0}),
            "caches: 0 of 2 texts (0%) and 0 of 0 verdicts (0%) were there");
  EXPECT_EQ(to_text(CacheCounts{}), "");
}

}  // namespace
}  // namespace portcullis::session
