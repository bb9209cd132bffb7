#include "app/time_option.hpp"

#include <charconv>
#include <chrono>

namespace portcullis::app {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool skip(char character) {
    if (!rest_.starts_with(character)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly so many digits, and a number of at most that.
  bool number(std::size_t digits, int most, int& value) {
    const auto head = rest_.substr(0, digits);
    if (head.size() < digits || head.find_first_not_of("0123456789") != std::string_view::npos) return false;
    std::from_chars(head.data(), head.data() + head.size(), value);
    rest_.remove_prefix(digits);
    return value <= most;
  }
  // Up to six digits, as millionths.
  bool fraction(std::int64_t& micros) {
    std::size_t digits = 0;
    for (; digits < rest_.size() && rest_[digits] >= '0' && rest_[digits] <= '9'; ++digits)
      micros = micros * 10 + (rest_[digits] - '0');
    rest_.remove_prefix(digits);
    for (std::size_t i = digits; i < 6; ++i) micros *= 10;
    return digits > 0 && digits <= 6;
  }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

}  // namespace

std::optional<std::int64_t> read_time(std::string_view text) {
  Reader reader(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
  std::int64_t fraction = 0;
  if (!reader.number(4, 9999, year) || !reader.skip('-') || !reader.number(2, 12, month) ||
      !reader.skip('-') || !reader.number(2, 31, day))
    return std::nullopt;
  const bool has_time = reader.skip('T') || reader.skip(' ');
  if (has_time && (!reader.number(2, 23, hour) || !reader.skip(':') || !reader.number(2, 59, minute)))
    return std::nullopt;
  if (has_time && reader.skip(':') && !reader.number(2, 59, second)) return std::nullopt;
  if (has_time && reader.skip('.') && !reader.fraction(fraction)) return std::nullopt;
  (void)(has_time && reader.skip('Z'));
  using namespace std::chrono;
  const year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                            std::chrono::day(static_cast<unsigned>(day))};
  if (!reader.at_end() || !date.ok()) return std::nullopt;
  const auto time = sys_days(date) + hours(hour) + minutes(minute) + seconds(second);
  return duration_cast<microseconds>(time.time_since_epoch()).count() + fraction;
}

}  // namespace portcullis::app
