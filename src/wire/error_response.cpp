// ErrorResponse and NoticeResponse (manual 55.8 "Error and Notice Message Fields"), and their way to and from
// our own.
#include <algorithm>
#include <charconv>
#include <string>

#include "portcullis/wire/messages.hpp"
#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"
#include "wire/malformed.hpp"

namespace portcullis::wire {
namespace {

constexpr std::size_t kMaxFields = 64;

using Fields = std::vector<DiagnosticField>;

template <class Message>
base::Result<Message> decode_fields(std::string_view body, std::string_view name) {
  ByteReader in{body};
  Message message;
  for (char code = in.character(); code != '\0'; code = in.character()) {
    if (message.fields.size() == kMaxFields) return malformed(name, "it has more than 64 fields");
    message.fields.push_back({.code = code, .value = std::string(in.c_string())});
  }
  return finish(in, name, std::move(message));
}

void encode_fields(std::string& out, char type, const Fields& fields) {
  ByteWriter writer{out, type};
  for (const auto& [code, value] : fields) {
    if (code == '\0') throw std::logic_error("a diagnostic field without a code");  // it would end the list
    std::string text = value;
    std::replace(text.begin(), text.end(), '\0', '?');
    writer.character(code).c_string(text);
  }
  writer.character('\0').finish();
}

// A position that is not a number helps nobody, and is no reason to lose the error.
std::optional<std::uint32_t> read_position(std::string_view text) {
  std::uint32_t position = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), position);
  if (failure != std::errc{} || end != text.data() + text.size() || position == 0) return std::nullopt;
  return position;
}

}  // namespace

std::string_view ErrorResponse::field(char code) const noexcept {
  for (const auto& candidate : fields) {
    if (candidate.code == code) return candidate.value;
  }
  return {};
}

ErrorResponse to_error_response(const base::Error& error, std::string_view severity) {
  ErrorResponse response;
  const auto add = [&](char code, std::string_view value) {
    response.fields.push_back({.code = code, .value = std::string(value)});
  };
  add('S', severity);
  add('V', severity);  // the same, never translated
  add('C', error.code.view());
  add('M', error.message);
  if (!error.detail.empty()) add('D', error.detail);
  if (!error.hint.empty()) add('H', error.hint);
  if (error.position) add('P', std::to_string(*error.position));
  return response;
}

base::Error to_error(const ErrorResponse& response) {
  return {.code = base::SqlState::from_text(response.field('C')),
          .message = std::string(response.field('M')),
          .detail = std::string(response.field('D')),
          .hint = std::string(response.field('H')),
          .position = read_position(response.field('P'))};
}

template <>
base::Result<ErrorResponse> decode(std::string_view body) {
  return decode_fields<ErrorResponse>(body, "ErrorResponse");
}

template <>
base::Result<NoticeResponse> decode(std::string_view body) {
  return decode_fields<NoticeResponse>(body, "NoticeResponse");
}

void encode(std::string& out, const ErrorResponse& message) {
  encode_fields(out, backend_type::error_response, message.fields);
}

void encode(std::string& out, const NoticeResponse& message) {
  encode_fields(out, backend_type::notice_response, message.fields);
}

}  // namespace portcullis::wire
