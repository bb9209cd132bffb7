#include "audit/stretch.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "audit/format.hpp"

namespace portcullis::audit {
namespace {

// Of the last line, behind the end of the stretch: most are shorter.
constexpr std::size_t kFirstStep = std::size_t{4} << 10;

// What of a file was read so far, in memory that only grows.
class Loaded {
 public:
  Loaded(const ReadBytes& read, std::uint64_t offset, std::string& into)
      : read_(read), offset_(offset), into_(into) {}

  // False where there is no more, or it cannot be read.
  bool more(std::size_t count) {
    if (into_.size() < used_ + count) into_.resize(used_ + count);
    const auto got = read_(offset_ + used_, into_.data() + used_, count);
    used_ += got ? *got : 0;
    return got && *got == count;
  }
  [[nodiscard]] std::string_view bytes() const { return std::string_view(into_).substr(0, used_); }

 private:
  const ReadBytes& read_;
  std::uint64_t offset_;
  std::string& into_;
  std::size_t used_ = 0;
};

}  // namespace

// From the byte before the stretch on: it says whether a line begins with the first.
std::string_view StretchReader::load(Stretch& stretch) {
  const std::uint64_t before = stretch.from == 0 ? 0 : 1;
  Loaded loaded(stretch.file->value().read, stretch.from - before, stretch.bytes);
  bool goes_on = loaded.more(static_cast<std::size_t>(stretch.to - stretch.from + before));
  const std::size_t begin = before == 0 ? 0 : loaded.bytes().find('\n') + 1;  // 0 where there is none
  if ((before != 0 && begin == 0) || begin >= loaded.bytes().size()) return {};
  const std::size_t inside = loaded.bytes().size();
  std::size_t end = inside;
  if (loaded.bytes().back() != '\n') {
    end = std::string_view::npos;
    std::size_t searched = inside;
    for (std::size_t step = kFirstStep; goes_on && end == std::string_view::npos; step *= 2) {
      goes_on = loaded.more(step) && searched - inside <= kMaxLineBytes;
      end = loaded.bytes().find('\n', searched);
      searched = loaded.bytes().size();
    }
  }
  stretch.begin = stretch.from - before + begin;
  return loaded.bytes().substr(0, end == std::string_view::npos ? end : end + 1).substr(begin);
}

void StretchReader::read(Stretch& stretch) {
  stretch.is_whole = false;
  stretch.scan = {};
  stretch.entries.clear();
  stretch.store.clear();
  if (!*stretch.file) return;
  std::string_view rest = load(stretch);
  std::uint64_t offset = stretch.begin;
  while (!rest.empty()) {
    const std::size_t feed = rest.find('\n');
    if (feed == std::string_view::npos || !take(stretch, rest.substr(0, feed), offset)) break;
    offset += feed + 1;
    rest.remove_prefix(feed + 1);
  }
  stretch.is_whole = rest.empty();
  stretch.state = chain_.state();
}

bool StretchReader::take(Stretch& stretch, std::string_view line, std::uint64_t offset) {
  if (stretch.entries.empty()) {
    if (first_.read(line)) return false;
    stretch.claimed = claimed_before(first_);
    chain_.set_state(stretch.claimed);
    stretch.leaves.restart(first_.index());
  }
  if (chain_.accept(line, offset == 0)) return false;
  stretch.entries.push_back(stretch.store.facts_of(chain_.entry()));
  stretch.leaves.append(chain_.state().leaf);
  stretch.scan.take(chain_.state(), offset + line.size() + 1);
  ++stretch.scan.line;
  return true;
}

}  // namespace portcullis::audit
