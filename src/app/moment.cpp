#include "app/moment.hpp"

#include <chrono>

#include "app/quantities.hpp"
#include "base/clock.hpp"

namespace portcullis::app {
namespace {

using std::chrono::microseconds;

constexpr std::chrono::days kLongest{100'000};

// Takes what it reads off the front.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : rest_(text) {}
  std::optional<int> digits(std::size_t count) {
    if (rest_.size() < count) return std::nullopt;
    int number = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + (c - '0');
    }
    rest_.remove_prefix(count);
    return number;
  }
  bool take(std::string_view any_of) {
    if (rest_.empty() || any_of.find(rest_.front()) == std::string_view::npos) return false;
    taken_ = rest_.front();
    rest_.remove_prefix(1);
    return true;
  }
  [[nodiscard]] char taken() const { return taken_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
  char taken_ = 0;
};

std::optional<microseconds> read_day(Scanner& scan) {
  namespace chr = std::chrono;
  const auto year = scan.digits(4);
  if (!year || !scan.take("-")) return std::nullopt;
  const auto month = scan.digits(2);
  if (!month || !scan.take("-")) return std::nullopt;
  const auto day = scan.digits(2);
  if (!day) return std::nullopt;
  const chr::year_month_day date{chr::year{*year}, chr::month{static_cast<unsigned>(*month)},
                                 chr::day{static_cast<unsigned>(*day)}};
  if (!date.ok()) return std::nullopt;
  return chr::sys_days(date).time_since_epoch();
}

// The seconds of a minute and their fraction. A leap second counts as the first of the next minute.
std::optional<microseconds> read_seconds(Scanner& scan) {
  const auto second = scan.digits(2);
  if (!second || *second > 60) return std::nullopt;
  microseconds time = std::chrono::seconds(*second);
  if (!scan.take(".")) return time;
  int digits = 0;
  for (int unit = 100'000; const auto digit = scan.digits(1); unit /= 10, ++digits)
    time += microseconds(*digit * unit);
  if (digits == 0 || digits > 6) return std::nullopt;
  return time;
}

std::optional<microseconds> read_clock(Scanner& scan) {
  const auto hour = scan.digits(2);
  if (!hour || *hour > 23 || !scan.take(":")) return std::nullopt;
  const auto minute = scan.digits(2);
  if (!minute || *minute > 59) return std::nullopt;
  const microseconds time = std::chrono::hours(*hour) + std::chrono::minutes(*minute);
  if (!scan.take(":")) return time;
  const auto seconds = read_seconds(scan);
  if (!seconds) return std::nullopt;
  return time + *seconds;
}

// How far the zone is ahead of UTC, which it is where none stands.
std::optional<microseconds> read_zone(Scanner& scan) {
  if (scan.at_end() || scan.take("Zz")) return microseconds{0};
  if (!scan.take("+-")) return std::nullopt;
  const int sign = scan.taken() == '-' ? -1 : 1;
  const auto hours = scan.digits(2);
  if (!hours || *hours > 23 || !scan.take(":")) return std::nullopt;
  const auto minutes = scan.digits(2);
  if (!minutes || *minutes > 59) return std::nullopt;
  return sign * microseconds(std::chrono::hours(*hours) + std::chrono::minutes(*minutes));
}

std::optional<microseconds> read_length(std::string_view text) {
  const auto length = parse_duration(text);
  if (!length || *length > kLongest) return std::nullopt;
  return length;
}

}  // namespace

std::optional<std::int64_t> parse_moment(std::string_view text, std::int64_t now) {
  if (const auto length = read_length(text)) return now - length->count();
  Scanner scan(text);
  const auto day = read_day(scan);
  if (!day) return std::nullopt;
  if (scan.at_end()) return day->count();
  if (!scan.take("Tt ")) return std::nullopt;
  const auto clock = read_clock(scan);
  if (!clock) return std::nullopt;
  const auto zone = read_zone(scan);
  if (!zone || !scan.at_end()) return std::nullopt;
  return (*day + *clock - *zone).count();
}

base::Result<std::int64_t> read_moment(const std::string& text, std::int64_t now) {
  if (const auto moment = parse_moment(text, now)) return *moment;
  return base::Error{base::sqlstate::invalid_parameter_value,
                     "\"" + text + "\" is no time: write it as in " + kMomentForms};
}

std::int64_t now_micros() {
  const auto now = base::SystemClock{}.wall().time_since_epoch();
  return std::chrono::duration_cast<microseconds>(now).count();
}

}  // namespace portcullis::app
