#include "session/startup_options.hpp"

#include "relay_fixture.hpp"

namespace portcullis::session {
namespace {

const std::vector<std::string> kPath{"app", "od\"d"};

base::Result<Settings> judged(std::vector<std::pair<std::string, std::string>> parameters,
                              const guard::Guard& guard = *test_guard()) {
  wire::StartupMessage startup;
  startup.parameters = std::move(parameters);
  return judge_startup(startup, guard, "robot", "shop", kPath);
}

TEST(SplitOptions, ReadsBothSpellingsAndEscapes) {
  const auto settings = split_options(R"(-c a=1  -cb=2 --c-d=x\ y)");
  ASSERT_TRUE(settings);
  EXPECT_EQ(*settings, (Settings{{"a", "1"}, {"b", "2"}, {"c_d", "x y"}}));
}

TEST(SplitOptions, RefusesOtherSwitches) {
  EXPECT_FALSE(split_options("-f x"));
  EXPECT_FALSE(split_options("-c"));
  EXPECT_FALSE(split_options("-c novalue"));
  EXPECT_FALSE(split_options("--=x"));
}

TEST(JudgeStartup, PinsWhatDecidesHowTextIsRead) {
  const auto settings = judged({{"user", "x"}, {"database", "shop"}});
  ASSERT_TRUE(settings);
  EXPECT_EQ(*settings, (Settings{{"client_encoding", "UTF8"},
                                 {"standard_conforming_strings", "on"},
                                 {"search_path", R"("app", "od""d")"}}));
}

TEST(JudgeStartup, PassesOnWhatIsOnTheList) {
  const auto settings =
      judged({{"database", "shop"}, {"application_name", "psql"}, {"options", "-c DateStyle=ISO"}});
  ASSERT_TRUE(settings) << settings.error().message;
  EXPECT_EQ((*settings)[0], (std::pair<std::string, std::string>{"application_name", "psql"}));
  EXPECT_EQ((*settings)[1], (std::pair<std::string, std::string>{"datestyle", "ISO"}));
}

TEST(JudgeStartup, RefusesWhatIsNot) {
  EXPECT_EQ(judged({{"database", "shop"}, {"options", "-c search_path=evil"}}).error().code.view(), "42501");
  EXPECT_EQ(judged({{"database", "shop"}, {"options", "-c session_preload_libraries=x"}}).error().code.view(),
            "42501");
  EXPECT_EQ(judged({{"database", "shop"}, {"client_encoding", "SJIS"}}).error().code.view(), "42501");
  EXPECT_EQ(judged({{"database", "shop"}, {"role", "postgres"}}).error().code.view(), "42501");
  EXPECT_EQ(judged({{"database", "other"}}).error().code.view(), "3D000");
  EXPECT_EQ(judged({}).error().code.view(), "3D000");
}

TEST(JudgeStartup, PassesOnEverythingWhereThePolicyOnlyObserves) {
  const auto guard = observing_guard();
  const auto settings = judged({{"database", "shop"}, {"client_encoding", "SJIS"}, {"role", "x"}}, *guard);
  ASSERT_TRUE(settings);
  EXPECT_EQ(*settings, (Settings{{"client_encoding", "SJIS"},
                                 {"role", "x"},
                                 {"standard_conforming_strings", "on"},
                                 {"search_path", R"("app", "od""d")"}}));
  EXPECT_TRUE(strays(*settings, *guard, "robot", kPath));
  EXPECT_FALSE(strays(*judged({{"database", "shop"}, {"datestyle", "ISO"}}, *guard), *guard, "robot", kPath));
}

}  // namespace
}  // namespace portcullis::session
