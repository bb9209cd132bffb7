// Types of parameters given by number.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/catalog/resolve_testing.hpp"

namespace portcullis::catalog::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class TypeEffects : public ::testing::Test {
 protected:
  TypeEffects() {
    make.function("app.check_email", {"text"});
    make.domain("app.email", "text", {"app.check_email"});
    make.type("app._email", Type::Kind::base, {"app.email"});
  }
  // Of a statement with no other effects.
  [[nodiscard]] Lines resolved_types(const std::vector<Oid>& oids) const {
    return resolved(facts_of(type_effects(oids, *make.build())), make, path({"public"}));
  }
  MakeSnapshot make;
  const Lines email{"use type app.email", "execute function app.check_email(text) by domain app.email"};
};

TEST_F(TypeEffects, AUsersTypeIsUsedWithTheCodeBehindIt) {
  EXPECT_EQ(resolved_types({make.type_oid("app.email")}), email);
}

TEST_F(TypeEffects, AnArrayIsItsElement) {
  EXPECT_EQ(resolved_types({make.type_oid("app._email")}), email);
}

TEST_F(TypeEffects, EachIsThereOnce) {
  EXPECT_EQ(resolved_types({make.type_oid("app.email"), 0, make.type_oid("app._email"), 23}), email);
}

TEST_F(TypeEffects, PostgresOwnAndTypesLeftOpenSayNothing) {
  EXPECT_THAT(type_effects(std::vector<Oid>{0, 23, 25, 16383}, *make.build()), IsEmpty());
  EXPECT_THAT(type_effects({}, *make.build()), IsEmpty());
}

TEST_F(TypeEffects, AnUnknownNumberIsMissingWhateverTypesThereAre) {
  make.domain("public.99999", "text", {"app.check_email"});
  EXPECT_THAT(resolved_types({99999}), ElementsAre("use type pg_catalog.99999 missing"));
}

// A base type of a user that subscripts as an array does is no array.
TEST_F(TypeEffects, ABaseTypeWithAnElementIsItself) {
  make.function("app.point_in", {"text"});
  make.type("app.point", Type::Kind::base, {"app.email"}, {"app.point_in"});
  EXPECT_EQ(type_effects(std::vector<Oid>{make.type_oid("app.point")}, *make.build()).front().object,
            name_of("app.point"));
}

}  // namespace
}  // namespace portcullis::catalog::testing
