// That a secret leaves nothing behind where it was. Only memory that still belongs to an object is looked at.
#include "base/secret.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <utility>

namespace portcullis::base {
namespace {

const std::string kShort = "hunter2";  // fits into the string object itself
const std::string kLong(100, 's');     // does not

// Whether the whole buffer of `bytes`, in use or not, is zero.
bool is_blank(std::string& bytes) {
  const std::size_t size = bytes.size();
  const std::size_t capacity = bytes.capacity();
  const char* const data = bytes.data();
  EXPECT_EQ(size, 0u);
  return std::string_view(data, capacity) == std::string(capacity, '\0');
}

// Of a Secret that was moved from. Its string is at rest in the object, so all of the object can be searched.
bool mentions(const Secret& secret, std::string_view text) {
  const std::string_view object{reinterpret_cast<const char*>(&secret), sizeof secret};
  return object.find(text) != std::string_view::npos;
}

TEST(Secret, TellsItsValueOnlyWhenAsked) {
  const Secret secret{kShort};
  EXPECT_EQ(secret.reveal(), kShort);
  EXPECT_FALSE(secret.empty());
  EXPECT_TRUE(Secret{}.empty());
  static_assert(!std::is_convertible_v<std::string, Secret>);
  static_assert(!std::is_convertible_v<Secret, std::string_view>);
}

TEST(Secret, LeavesNothingBehindWhenMoved) {
  for (const std::string& value : {kShort, kLong}) {
    Secret from{value};
    const Secret to{std::move(from)};
    EXPECT_EQ(to.reveal(), value);
    EXPECT_TRUE(from.empty());
    EXPECT_FALSE(mentions(from, value.substr(1)));
  }
}

TEST(Secret, LeavesNothingBehindWhenMoveAssigned) {
  for (const std::string& value : {kShort, kLong}) {
    Secret from{value};
    Secret to{"other"};
    to = std::move(from);
    EXPECT_EQ(to.reveal(), value);
    EXPECT_TRUE(from.empty());
    EXPECT_FALSE(mentions(from, value.substr(1)));
  }
}

TEST(Secret, LeavesNothingOfTheOldValueUnderANewOne) {
  Secret secret{"0123456789"};
  const Secret other{"ab"};
  secret = other;
  EXPECT_EQ(secret.reveal(), "ab");
  EXPECT_EQ(other.reveal(), "ab");
  EXPECT_FALSE(mentions(secret, "3456789"));
}

TEST(Secret, SurvivesAssignmentToItself) {
  Secret secret{kLong};
  Secret& same = secret;
  secret = same;
  EXPECT_EQ(secret.reveal(), kLong);
  secret = std::move(same);
  EXPECT_EQ(secret.reveal(), kLong);
}

TEST(Secret, IsCopiedWhole) {
  const Secret original{kLong};
  const Secret copy{original};
  EXPECT_EQ(copy.reveal(), original.reveal());
}

TEST(Wipe, BlanksTheWholeBuffer) {
  for (const std::string& value : {std::string(), kShort, kLong}) {
    std::string bytes = value;
    wipe(bytes);
    EXPECT_TRUE(bytes.empty());
    EXPECT_TRUE(is_blank(bytes));
  }
}

TEST(Wipe, BlanksWhatIsNoLongerInUse) {
  std::string bytes = "hunter2";
  bytes.resize(1);
  wipe(bytes);
  EXPECT_TRUE(is_blank(bytes));
}

}  // namespace
}  // namespace portcullis::base
