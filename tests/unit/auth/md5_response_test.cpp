// AuthenticationMD5Password.
#include <gtest/gtest.h>

#include <string>

#include "auth/scram.hpp"

namespace portcullis::auth {
namespace {

using namespace std::string_view_literals;

// Computed with another implementation (Python's hashlib).
TEST(Md5Response, IsThatOfThePostgreSqlManual) {
  EXPECT_EQ(md5_response(base::Secret{"pencil"}, "user", "\1\2\3\4"sv),
            "md54376eb6913b38f9aaff38dc7cf19ca76");
}

TEST(Md5Response, HangsOnAllThatItIsMadeOf) {
  const auto response = md5_response(base::Secret{"pencil"}, "user", "salt");
  EXPECT_EQ(response.size(), 35u);
  EXPECT_NE(response, md5_response(base::Secret{"pencil"}, "user", "tlas"));
  EXPECT_NE(response, md5_response(base::Secret{"pencil"}, "resu", "salt"));
  EXPECT_NE(response, md5_response(base::Secret{"pencils"}, "user", "salt"));
}

}  // namespace
}  // namespace portcullis::auth
