#include "session/reply_queue.hpp"

#include <gtest/gtest.h>

namespace portcullis::session {
namespace {

ReplyQueue queue_of(std::initializer_list<Request> requests) {
  ReplyQueue queue;
  for (const auto request : requests) {
    Reply reply;
    reply.request = request;
    queue.push(std::move(reply));
  }
  return queue;
}

TEST(ReplyQueue, ErrorSkipsToSyncAndLeavesIt) {
  auto queue = queue_of({Request::parse, Request::bind, Request::query, Request::sync, Request::query});
  bool sync_owed = false;
  EXPECT_EQ(queue.skip_to_sync(sync_owed).size(), 3u);
  EXPECT_TRUE(sync_owed);
  EXPECT_EQ(queue.front()->request, Request::sync);
}

TEST(ReplyQueue, ErrorWithoutSyncTakesEverything) {
  auto queue = queue_of({Request::parse, Request::bind});
  bool sync_owed = true;
  EXPECT_EQ(queue.skip_to_sync(sync_owed).size(), 2u);
  EXPECT_FALSE(sync_owed);
  EXPECT_EQ(queue.front(), nullptr);
}

TEST(ReplyQueue, CopyInSwallowsEverySyncBeforeItsEnd) {
  auto queue = queue_of({Request::execute, Request::sync, Request::sync, Request::copy_end, Request::sync});
  EXPECT_TRUE(queue.begin_copy_in());
  EXPECT_EQ(queue.size(), 2u);
}

TEST(ReplyQueue, ARequestInsideCopyInHasItsOwnSync) {
  auto queue = queue_of({Request::execute, Request::sync, Request::parse, Request::sync});
  EXPECT_TRUE(queue.begin_copy_in());
  EXPECT_EQ(queue.size(), 3u);
}

TEST(ReplyQueue, ADoubtfulSyncIsAnsweredOnlyWhereTheFrontIsNot) {
  auto queue = queue_of({Request::execute, Request::sync, Request::copy_end, Request::sync, Request::query});
  EXPECT_TRUE(queue.begin_copy_in());
  queue.on_answer(true);
  bool sync_owed = false;
  EXPECT_EQ(queue.skip_to_sync(sync_owed).size(), 1u);
  EXPECT_FALSE(queue.take_doubtful_ready());  // the Sync is due
  (void)queue.pop();
  EXPECT_TRUE(queue.take_doubtful_ready());
  EXPECT_FALSE(queue.take_doubtful_ready());
}

TEST(ReplyQueue, AnswersSettleTheDoubt) {
  auto queue = queue_of({Request::execute, Request::sync});
  EXPECT_FALSE(queue.begin_copy_in());
  queue.add_doubtful_sync();
  queue.on_answer(false);
  EXPECT_FALSE(queue.is_in_doubt());
}

TEST(ReplyQueue, CopyInWithoutAnEndStaysOpen) {
  auto queue = queue_of({Request::execute, Request::sync});
  EXPECT_FALSE(queue.begin_copy_in());
  EXPECT_EQ(queue.size(), 1u);
}

TEST(ReplyQueue, MarksAreNeverTheFront) {
  auto queue = queue_of({Request::copy_end, Request::copy_end, Request::sync});
  EXPECT_EQ(queue.front()->request, Request::sync);
  EXPECT_EQ(queue.size(), 1u);
}

TEST(ReplyQueue, AMarkIsNotOwedOnceItsCopyIsOver) {
  auto queue = queue_of({Request::query, Request::copy_end});
  (void)queue.pop();
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace portcullis::session
