#include "shadow/script.hpp"

#include <gmock/gmock.h>

#include "portcullis/wire/messages.hpp"

namespace portcullis::shadow {
namespace {

using Next = Script::Next;

template <class... Messages>
std::string bytes_of(const Messages&... messages) {
  std::string bytes;
  (encode(bytes, messages), ...);
  return bytes;
}

std::string asked(Script& script) {
  const std::string out = script.take_out();
  return out.empty() ? "" : std::string(wire::decode<wire::Query>(std::string_view(out).substr(5))->text);
}

Next give(Script& script, const std::string& bytes) {
  std::size_t consumed = 0;
  const auto next = script.on_bytes(bytes, consumed);
  EXPECT_EQ(consumed, next == Next::failed ? consumed : bytes.size());
  return next;
}

const wire::ReadyForQuery kIdle{'I'};
const auto kRefused = wire::to_error_response({base::sqlstate::insufficient_privilege, "no"}, "ERROR");

TEST(Script, GoesOnBehindWhatFailed) {
  Script script({"one", "two", "three"});
  EXPECT_EQ(asked(script), "one");
  EXPECT_EQ(give(script, bytes_of(kRefused, kIdle)), Next::read);
  EXPECT_EQ(asked(script), "two");
  EXPECT_EQ(give(script, bytes_of(wire::CommandComplete{"OK"}, kIdle)), Next::read);
  EXPECT_EQ(asked(script), "three");
  EXPECT_EQ(give(script, bytes_of(kRefused, kIdle)), Next::done);
  ASSERT_EQ(script.failures().size(), 2u);
  EXPECT_EQ(script.failures()[0].statement, 0u);
  EXPECT_EQ(script.failures()[1].statement, 2u);
  EXPECT_EQ(script.failures()[1].error.message, "no");
}

TEST(Script, ATransactionLeftOpenIsAFailureOfAll) {
  Script script({"begin", "two"});
  EXPECT_EQ(give(script, bytes_of(wire::CommandComplete{"BEGIN"}, wire::ReadyForQuery{'T'})), Next::failed);
  EXPECT_EQ(script.failure().code.view(), "08P01");
}

TEST(Script, AFatalErrorAndAnythingOutOfOrderEndIt) {
  const auto fatal = wire::to_error_response({base::sqlstate::admin_shutdown, "gone"}, "FATAL");
  Script ended({"one"});
  EXPECT_EQ(give(ended, bytes_of(fatal)), Next::failed);
  EXPECT_EQ(ended.failure().message, "gone");
  Script wordless({"one"});
  EXPECT_EQ(give(wordless, bytes_of(wire::to_error_response({base::sqlstate::admin_shutdown, ""}, "FATAL"))),
            Next::failed);
  EXPECT_NE(wordless.failure().message, "");
  for (const char type : {'1', '2', 'R', 'G', 'Q', '\0'}) {
    Script script({"one"});
    EXPECT_EQ(give(script, std::string{type, '\0', '\0', '\0', '\4'}), Next::failed) << type;
  }
}

TEST(Script, BytesMayComeOneByOne) {
  const std::string bytes = bytes_of(wire::CommandComplete{"OK"}, kIdle);
  Script script({"one"});
  std::string held;
  Next next = Next::read;
  for (const char byte : bytes) {
    ASSERT_EQ(next, Next::read);
    held += byte;
    std::size_t consumed = 0;
    next = script.on_bytes(held, consumed);
    held.erase(0, consumed);
  }
  EXPECT_EQ(next, Next::done);
}

}  // namespace
}  // namespace portcullis::shadow
