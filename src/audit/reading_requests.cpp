#include "audit/reading_requests.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kRead = ".read";
constexpr std::size_t kNameDigits = 32;  // names of orders are longer

std::string file_of(const std::string& name) {
  return name + std::string(kRead);
}

base::Result<std::string> new_name() {
  std::array<unsigned char, kNameDigits / 2> bytes{};
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
    return base::Error{base::sqlstate::internal_error, "no random numbers for the name of a request"};
  return base::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

base::Result<std::string> ReadingRequests::leave(const ReadRequest& request) const {
  if (auto made = folder_.make(); !made) return made.error();
  auto name = new_name();
  if (!name) return name;
  if (auto written = folder_.write(file_of(*name), to_text(request)); !written) return written.error();
  return name;
}

bool ReadingRequests::withdraw(const std::string& name) const {
  return folder_.withdraw(file_of(name));
}

bool ReadingRequests::any() const {
  return !folder_.names(kRead).empty();
}

std::vector<std::string> ReadingRequests::look(ErasureHost& host) {
  const auto found = folder_.names(kRead);
  std::erase_if(stuck_,
                [&](const auto& name) { return !std::binary_search(found.begin(), found.end(), name); });
  std::vector<std::string> said;
  if (found.empty()) return said;
  if (auto made = folder_.make(); !made) return {made.error().message};
  folder_.forget_leftovers(kNameDigits, kRead);
  for (const auto& name : found) {
    if (!stuck_.contains(name)) said.push_back(record(name, host));
  }
  return said;
}

std::string ReadingRequests::record(const std::string& name, ErasureHost& host) {
  const std::string which = "the request to record a reading " + name;
  const auto bytes = folder_.read(file_of(name), kMaxReadRequestBytes);
  if (auto taken = folder_.remove(file_of(name)); !taken) {
    stuck_.insert(name);
    return which + " is passed over: " + taken.error().message;
  }
  const auto request = bytes ? read_read_request(*bytes) : base::Result<ReadRequest>(bytes.error());
  const auto index =
      request ? host.append(to_record(*request)) : base::Result<std::uint64_t>(request.error());
  const std::string message = index ? std::to_string(*index) : index.error().message;
  std::string said = index ? "entry " + message + " records that " + request->by +
                                 " reads the sealed texts of " + std::to_string(request->records) + " entries"
                           : which + " is refused: " + message;
  if (auto answered = folder_.give_answer(name, index.has_value(), message); !answered)
    said += "; " + answered.error().message;
  return said;
}

}  // namespace portcullis::audit
