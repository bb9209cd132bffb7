// Orders as somebody leaves them for the gate, or as they stand in a log. They have one form only: what is
// taken, written again, is what came in. And by the keys of the corpus only that was signed which they
// signed.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "audit/order_file.hpp"

namespace {

using namespace portcullis::audit;

// Of orders that two of the keys signed: corpus/order.
constexpr std::string_view kSigned[] = {"55a9cbfcb168d2e24ce73090e0814dca9403db5496f6ee09f0222370b9f05e6a",
                                        "9011040cb9ab853d92bd29690aaf0e109fbe59febab6b69a601800fe4bdc1192",
                                        "0de7ece1ca9df9a2b9bd0ad485f5e5d1594dcb2355a31740c5389928a2b2e47d",
                                        "a18fff11a8e465eaf2af0e0d86d2f49ed5213ef72b59dd36e03484da6300a8dc",
                                        "6d3f00ec82c0ce57d520d1d66f6ce171d87157db56fa7fc96de4c8388d2b2d11",
                                        "1cfbd5b16777a3c461434f207ebb684b66a600e95b9e45de0ce4f7a14b054f18"};

void require(bool holds) {
  if (!holds) std::abort();
}

bool is_of_corpus(std::string_view hash) {
  for (const auto known : kSigned) {
    if (hash == known) return true;
  }
  return false;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The private keys are 32 times the byte 0x0b, and 0x0c.
  static const std::vector<VerifierKey> keys{
      read_vkey("anna+5d288ec9+AWa+fjMsekUzMr2dCn99sFX1xe8aBq2mbZizn7aBDEc6").value(),
      read_vkey("bert+75888867+AQtROtm0kkAVygkC7QeQRNOsXb7CMG8GlIwQ2o62458t").value()};
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto read = read_order(bytes, Unsigned::take);
  require(!read_order(bytes) || (read && !read->signatures.empty()));
  if (!read) return 0;
  require(size <= kMaxOrderBytes && bytes.starts_with(read->text + "\n"));
  require(to_text(read->order) == read->text && read->hash == sha256_hex(read->text));
  require(read->order.records.size() <= kMostRanges && read->signatures.size() <= kMostSignatures);
  require((read->order.action == OrderAction::release || read->order.action == OrderAction::prune) ==
          read->order.records.empty());
  std::uint64_t least = 0;
  for (const auto& [first, last] : read->order.records) {
    require(first >= least && last >= first);
    least = last + 2;
  }
  const auto signers = count_signers(*read, keys);
  require(!signers || *signers < kNeededSigners || is_of_corpus(read->hash));
  return 0;
}
