#include "audit/read_request.hpp"

#include <optional>
#include <utility>

#include "audit/text_lines.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kHead = "portcullis reading v1";

std::optional<std::string> read_who(std::string_view& text, ReadRequest& request) {
  const auto by = value_of(text, "by");
  if (!by || !is_said_text(*by)) return "its second line does not say who reads, in 1 to 500 bytes of text";
  request.by = *by;
  const auto purpose = value_of(text, "purpose");
  if (purpose && !is_said_text(*purpose)) return "its purpose is not 1 to 500 bytes of text";
  request.purpose = purpose.value_or("");
  return std::nullopt;
}

std::optional<std::string> read_what(std::string_view& text, ReadRequest& request) {
  const auto take = [&](std::string_view word, std::uint64_t& into) {
    const auto digits = value_of(text, word);
    const auto number = digits ? read_number(*digits) : std::nullopt;
    into = number.value_or(0);
    return number.has_value();
  };
  if (!take("first", request.first) || !take("last", request.last) || !take("records", request.records))
    return "its first, last and records are no numbers";
  if (request.first > request.last || request.records == 0 ||
      request.records - 1 > request.last - request.first)
    return "there are not so many records from its first to its last";
  const auto names = value_of(text, "classes");
  const auto classes = names ? read_classes(*names) : std::nullopt;
  if (!classes) return "its classes are not of parameters, said, text, in this order";
  request.classes = *classes;
  const auto hash = value_of(text, "hash");
  if (hash && !is_hash(*hash)) return "its hash has not 64 digits";
  request.hash = hash.value_or("");
  return std::nullopt;
}

std::optional<std::string> read_lines(std::string_view text, ReadRequest& request) {
  if (text.size() > kMaxReadRequestBytes) return "it is longer than 4 KiB";
  if (!text.ends_with('\n')) return "it does not end with a line feed";
  if (cut(text, '\n') != kHead) return "it does not begin with \"" + std::string(kHead) + "\"";
  if (auto wrong = read_who(text, request)) return wrong;
  if (auto wrong = read_what(text, request)) return wrong;
  if (!text.empty()) return "it has more lines";
  return std::nullopt;
}

}  // namespace

std::string to_text(const ReadRequest& request) {
  std::string out = std::string(kHead) + '\n';
  add_line(out, "by", request.by);
  if (!request.purpose.empty()) add_line(out, "purpose", request.purpose);
  add_line(out, "first", std::to_string(request.first));
  add_line(out, "last", std::to_string(request.last));
  add_line(out, "records", std::to_string(request.records));
  add_line(out, "classes", to_text(request.classes));
  if (!request.hash.empty()) add_line(out, "hash", request.hash);
  return out;
}

base::Result<ReadRequest> read_read_request(std::string_view bytes) {
  ReadRequest request;
  if (const auto wrong = read_lines(bytes, request)) {
    return base::Error{base::sqlstate::invalid_parameter_value,
                       "this is no request to record a reading, " + *wrong};
  }
  return request;
}

Record to_record(const ReadRequest& request) {
  ReadRecord record{request.by, request.first, request.last, request.records, {}, request.purpose};
  for (const SealClass kind : kEachSealClass) {
    if (request.classes.has(kind)) record.classes.emplace_back(name_of(kind));
  }
  if (request.hash.empty()) return record;
  return ExportRecord{std::move(record), request.hash};
}

}  // namespace portcullis::audit
