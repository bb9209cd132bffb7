#include "audit/hash.hpp"

#include <gtest/gtest.h>

namespace portcullis::audit {
namespace {

// Computed without this code: printf '\0%s' "$line" | sha256sum
constexpr std::string_view kEntry0 =
    R"({"@":"audit.example.com/pg-prod-1#v1","i":0,"prev":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","t":"open","ts":1790000000000000})";
constexpr std::string_view kEntry1 =
    R"({"@":"audit.example.com/pg-prod-1#v1","c":{"sql":"z7xcg2Jo2usfM047Cw7tiVmr5eeXLyfC2TwoAlvNr_s"},"i":1,"prev":"oh5UJ-v7lTyfxt_mTyQOQueaEb6SAgZXfUUZ55enxvQ","t":"decision","ts":1790000000000417,"verdict":"allow"})";
constexpr std::string_view kEntry2 =
    R"({"@":"audit.example.com/pg-prod-1#v1","d":1,"i":2,"prev":"XgnNEyZMCq_hIeuIatdXATmEQJ5jDUrPzvnaODTRfmU","t":"outcome","ts":1790000000002101})";

TEST(LeafHash, AgreesWithVectorsComputedElsewhere) {
  EXPECT_EQ(to_hex(leaf_hash(kEntry0)), "a21e5427ebfb953c9fc6dfe64f240e42e79a11be920206577d4519e797a7c6f4");
  EXPECT_EQ(to_hex(leaf_hash(kEntry1)), "5e09cd13264c0aafe121eb886ad757013984409e630d4acfcef9da3834d17e65");
  EXPECT_EQ(to_hex(leaf_hash(kEntry2)), "7a49342e6ef8aabbd14e2fa077873677ea28e4701df03c5b52c6c468d184a78e");
}

TEST(LeafHash, AsTextIsWhatTheNextEntryCallsPrev) {
  EXPECT_NE(kEntry1.find("\"prev\":\"" + to_text(leaf_hash(kEntry0)) + '"'), std::string_view::npos);
  EXPECT_NE(kEntry2.find("\"prev\":\"" + to_text(leaf_hash(kEntry1)) + '"'), std::string_view::npos);
  EXPECT_NE(kEntry0.find("\"prev\":\"" + to_text(Hash{}) + '"'), std::string_view::npos);
}

TEST(LeafHash, OfNothingIsTheHashOfOneZeroByte) {
  EXPECT_EQ(to_hex(leaf_hash("")), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
}

TEST(BatchSeal, DependsOnBothPartsAndNotOnLeafHashing) {
  const std::string seal = batch_seal("{\"e\":\"", "\"}");
  EXPECT_EQ(seal.size(), 11u);
  EXPECT_NE(seal, batch_seal("{\"e\":\"x", "\"}"));
  EXPECT_NE(seal, batch_seal("{\"e\":\"", "\"} "));
  EXPECT_NE(seal, to_text(leaf_hash("{\"e\":\"\"}")).substr(0, 11));
}

}  // namespace
}  // namespace portcullis::audit
