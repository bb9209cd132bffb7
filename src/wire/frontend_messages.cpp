// Messages that a client sends (manual 55.7, those marked "F"), and the COPY messages that both sides send.
#include <string>

#include "portcullis/wire/messages.hpp"
#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"
#include "wire/malformed.hpp"

namespace portcullis::wire {
namespace {

constexpr std::uint32_t kNull = 0xffffffff;  // length -1

// Describe and Close.
template <class Message>
base::Result<Message> decode_target(std::string_view body, std::string_view name) {
  ByteReader in{body};
  Message message;
  message.kind = in.character();
  message.name = in.c_string();
  if (!in.failed() && message.kind != 'S' && message.kind != 'P') {
    return malformed(name, "it is neither for a statement (\"S\") nor for a portal (\"P\")");
  }
  return finish(in, name, message);
}

std::vector<std::uint16_t> read_formats(ByteReader& in) {
  std::vector<std::uint16_t> formats(in.items(in.u16(), 2));
  for (auto& format : formats) format = in.u16();
  return formats;
}

std::vector<std::optional<std::string_view>> read_parameters(ByteReader& in) {
  std::vector<std::optional<std::string_view>> parameters(in.items(in.u16(), 4));
  for (auto& parameter : parameters) {
    const std::uint32_t size = in.u32();
    if (size != kNull) parameter = in.bytes(size);
  }
  return parameters;
}

// The first format code that is neither text nor binary.
std::optional<std::uint16_t> unknown_format(const std::vector<std::uint16_t>& formats) {
  for (const std::uint16_t format : formats) {
    if (format > 1) return format;
  }
  return std::nullopt;
}

base::Error unsupported_format(std::uint16_t format) {
  return {
      .code = base::sqlstate::invalid_parameter_value,
      .message = "unsupported format code \"" + std::to_string(format) + "\", use 0 (text) or 1 (binary)"};
}

// exec_bind_message() of tcop/postgres.c.
base::Result<Bind> checked(Bind message) {
  const auto formats = message.parameter_formats.size();
  if (formats > 1 && formats != message.parameters.size()) {
    return malformed("Bind", "it has " + std::to_string(formats) + " parameter formats but " +
                                 std::to_string(message.parameters.size()) + " parameters");
  }
  if (const auto format = unknown_format(message.parameter_formats)) return unsupported_format(*format);
  if (const auto format = unknown_format(message.result_formats)) return unsupported_format(*format);
  return message;
}

void write_formats(ByteWriter& writer, const std::vector<std::uint16_t>& formats) {
  writer.count16(formats.size());
  for (const std::uint16_t format : formats) writer.u16(format);
}

}  // namespace

template <>
base::Result<PasswordMessage> decode(std::string_view body) {
  ByteReader in{body};
  const PasswordMessage message{.password = in.c_string()};
  return finish(in, "PasswordMessage", message);
}

template <>
base::Result<SaslInitialResponse> decode(std::string_view body) {
  ByteReader in{body};
  SaslInitialResponse message;
  message.mechanism = in.c_string();
  const std::uint32_t size = in.u32();
  if (size != kNull) message.response = in.bytes(size);
  return finish(in, "SASLInitialResponse", message);
}

template <>
base::Result<SaslResponse> decode(std::string_view body) {
  return SaslResponse{.data = body};
}

template <>
base::Result<Query> decode(std::string_view body) {
  ByteReader in{body};
  const Query message{.text = in.c_string()};
  return finish(in, "Query", message);
}

template <>
base::Result<Parse> decode(std::string_view body) {
  ByteReader in{body};
  Parse message;
  message.statement = in.c_string();
  message.text = in.c_string();
  message.parameter_types.resize(in.items(in.u16(), 4));
  for (auto& type : message.parameter_types) type = in.u32();
  return finish(in, "Parse", std::move(message));
}

template <>
base::Result<Bind> decode(std::string_view body) {
  ByteReader in{body};
  Bind message;
  message.portal = in.c_string();
  message.statement = in.c_string();
  message.parameter_formats = read_formats(in);
  message.parameters = read_parameters(in);
  message.result_formats = read_formats(in);
  if (const auto what = complaint(in); !what.empty()) return malformed("Bind", what);
  return checked(std::move(message));
}

template <>
base::Result<Describe> decode(std::string_view body) {
  return decode_target<Describe>(body, "Describe");
}

template <>
base::Result<Execute> decode(std::string_view body) {
  ByteReader in{body};
  Execute message;
  message.portal = in.c_string();
  message.max_rows = in.u32();
  return finish(in, "Execute", message);
}

template <>
base::Result<Close> decode(std::string_view body) {
  return decode_target<Close>(body, "Close");
}

template <>
base::Result<Flush> decode(std::string_view body) {
  return decode_empty<Flush>(body, "Flush");
}

template <>
base::Result<Sync> decode(std::string_view body) {
  return decode_empty<Sync>(body, "Sync");
}

template <>
base::Result<Terminate> decode(std::string_view body) {
  return decode_empty<Terminate>(body, "Terminate");
}

template <>
base::Result<CopyData> decode(std::string_view body) {
  return CopyData{.data = body};
}

template <>
base::Result<CopyDone> decode(std::string_view body) {
  return decode_empty<CopyDone>(body, "CopyDone");
}

template <>
base::Result<CopyFail> decode(std::string_view body) {
  ByteReader in{body};
  const CopyFail message{.message = in.c_string()};
  return finish(in, "CopyFail", message);
}

void encode(std::string& out, const PasswordMessage& message) {
  ByteWriter{out, frontend_type::password}.c_string(message.password).finish();
}

void encode(std::string& out, const SaslInitialResponse& message) {
  ByteWriter writer{out, frontend_type::password};
  writer.c_string(message.mechanism);
  if (message.response) {
    writer.count32(message.response->size()).bytes(*message.response);
  } else {
    writer.u32(kNull);
  }
  writer.finish();
}

void encode(std::string& out, const SaslResponse& message) {
  ByteWriter{out, frontend_type::password}.bytes(message.data).finish();
}

void encode(std::string& out, const Query& message) {
  ByteWriter{out, frontend_type::query}.c_string(message.text).finish();
}

void encode(std::string& out, const Parse& message) {
  ByteWriter writer{out, frontend_type::parse};
  writer.c_string(message.statement).c_string(message.text).count16(message.parameter_types.size());
  for (const std::uint32_t type : message.parameter_types) writer.u32(type);
  writer.finish();
}

void encode(std::string& out, const Bind& message) {
  ByteWriter writer{out, frontend_type::bind};
  writer.c_string(message.portal).c_string(message.statement);
  write_formats(writer, message.parameter_formats);
  writer.count16(message.parameters.size());
  for (const auto& parameter : message.parameters) {
    if (parameter) {
      writer.count32(parameter->size()).bytes(*parameter);
    } else {
      writer.u32(kNull);
    }
  }
  write_formats(writer, message.result_formats);
  writer.finish();
}

void encode(std::string& out, const Describe& message) {
  ByteWriter{out, frontend_type::describe}.character(message.kind).c_string(message.name).finish();
}

void encode(std::string& out, const Execute& message) {
  ByteWriter{out, frontend_type::execute}.c_string(message.portal).u32(message.max_rows).finish();
}

void encode(std::string& out, const Close& message) {
  ByteWriter{out, frontend_type::close}.character(message.kind).c_string(message.name).finish();
}

void encode(std::string& out, const Flush&) {
  ByteWriter{out, frontend_type::flush}.finish();
}

void encode(std::string& out, const Sync&) {
  ByteWriter{out, frontend_type::sync}.finish();
}

void encode(std::string& out, const Terminate&) {
  ByteWriter{out, frontend_type::terminate}.finish();
}

void encode(std::string& out, const CopyData& message) {
  ByteWriter{out, frontend_type::copy_data}.bytes(message.data).finish();
}

void encode(std::string& out, const CopyDone&) {
  ByteWriter{out, frontend_type::copy_done}.finish();
}

void encode(std::string& out, const CopyFail& message) {
  ByteWriter{out, frontend_type::copy_fail}.c_string(message.message).finish();
}

}  // namespace portcullis::wire
