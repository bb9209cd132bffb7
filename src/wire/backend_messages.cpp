// Messages that a server sends (manual 55.7, those marked "B"), but for errors and notices.
#include <string>

#include "portcullis/wire/messages.hpp"
#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"
#include "wire/malformed.hpp"

namespace portcullis::wire {
namespace {

constexpr std::uint32_t kNullLength = 0xFFFFFFFF;  // -1

// A reader behind the authentication code, or an error when that is not `code`.
base::Result<ByteReader> authentication_fields(std::string_view body, std::uint32_t code,
                                               std::string_view name) {
  const auto found = authentication_code(body);
  if (!found) return found.error();
  if (*found != code) return malformed(name, "its authentication code is \"" + std::to_string(*found) + '"');
  return ByteReader{body.substr(4)};
}

template <class Message>
base::Result<Message> decode_bare(std::string_view body, std::uint32_t code, std::string_view name) {
  const auto in = authentication_fields(body, code, name);
  if (!in) return in.error();
  return finish(*in, name, Message{});
}

// AuthenticationSASLContinue and AuthenticationSASLFinal.
template <class Message>
base::Result<Message> decode_sasl_data(std::string_view body, std::uint32_t code, std::string_view name) {
  auto in = authentication_fields(body, code, name);
  if (!in) return in.error();
  return Message{.data = in->rest()};
}

}  // namespace

base::Result<std::uint32_t> authentication_code(std::string_view body) {
  ByteReader in{body};
  const std::uint32_t code = in.u32();
  if (in.failed()) return malformed("Authentication", complaint(in));
  return code;
}

template <>
base::Result<AuthenticationOk> decode(std::string_view body) {
  return decode_bare<AuthenticationOk>(body, kAuthOk, "AuthenticationOk");
}

template <>
base::Result<AuthenticationCleartextPassword> decode(std::string_view body) {
  return decode_bare<AuthenticationCleartextPassword>(body, kAuthCleartextPassword,
                                                      "AuthenticationCleartextPassword");
}

template <>
base::Result<AuthenticationMd5Password> decode(std::string_view body) {
  constexpr std::string_view name = "AuthenticationMD5Password";
  auto in = authentication_fields(body, kAuthMd5Password, name);
  if (!in) return in.error();
  const AuthenticationMd5Password message{.salt = in->bytes(4)};
  return finish(*in, name, message);
}

template <>
base::Result<AuthenticationSasl> decode(std::string_view body) {
  constexpr std::string_view name = "AuthenticationSASL";
  auto in = authentication_fields(body, kAuthSasl, name);
  if (!in) return in.error();
  AuthenticationSasl message;
  for (auto mechanism = in->c_string(); !mechanism.empty(); mechanism = in->c_string()) {
    message.mechanisms.push_back(mechanism);
  }
  return finish(*in, name, std::move(message));
}

template <>
base::Result<AuthenticationSaslContinue> decode(std::string_view body) {
  return decode_sasl_data<AuthenticationSaslContinue>(body, kAuthSaslContinue, "AuthenticationSASLContinue");
}

template <>
base::Result<AuthenticationSaslFinal> decode(std::string_view body) {
  return decode_sasl_data<AuthenticationSaslFinal>(body, kAuthSaslFinal, "AuthenticationSASLFinal");
}

template <>
base::Result<BackendKeyData> decode(std::string_view body) {
  ByteReader in{body};
  BackendKeyData message;
  message.process_id = in.u32();
  if (in.left() < 4 || in.left() > 256)
    return malformed("BackendKeyData", "its key is not of 4 to 256 bytes");
  message.secret_key = in.rest();
  return finish(in, "BackendKeyData", message);
}

template <>
base::Result<ParameterStatus> decode(std::string_view body) {
  ByteReader in{body};
  ParameterStatus message;
  message.name = in.c_string();
  message.value = in.c_string();
  return finish(in, "ParameterStatus", message);
}

template <>
base::Result<NegotiateProtocolVersion> decode(std::string_view body) {
  ByteReader in{body};
  NegotiateProtocolVersion message;
  message.version = in.u32();
  message.unrecognized.resize(in.items(in.u32(), 1));
  for (auto& option : message.unrecognized) option = in.c_string();
  return finish(in, "NegotiateProtocolVersion", std::move(message));
}

template <>
base::Result<ReadyForQuery> decode(std::string_view body) {
  ByteReader in{body};
  const ReadyForQuery message{.status = in.character()};
  if (!in.failed() && message.status != 'I' && message.status != 'T' && message.status != 'E') {
    return malformed("ReadyForQuery", "its status is none of \"I\", \"T\" and \"E\"");
  }
  return finish(in, "ReadyForQuery", message);
}

template <>
base::Result<CommandComplete> decode(std::string_view body) {
  ByteReader in{body};
  const CommandComplete message{.tag = in.c_string()};
  return finish(in, "CommandComplete", message);
}

template <>
base::Result<DataRow> decode(std::string_view body) {
  ByteReader in{body};
  DataRow message;
  message.fields.resize(in.items(in.u16(), 4));
  for (auto& field : message.fields) {
    const std::uint32_t length = in.u32();
    if (length != kNullLength) field = in.bytes(length);
  }
  return finish(in, "DataRow", std::move(message));
}

template <>
base::Result<ParseComplete> decode(std::string_view body) {
  return decode_empty<ParseComplete>(body, "ParseComplete");
}

template <>
base::Result<BindComplete> decode(std::string_view body) {
  return decode_empty<BindComplete>(body, "BindComplete");
}

template <>
base::Result<CloseComplete> decode(std::string_view body) {
  return decode_empty<CloseComplete>(body, "CloseComplete");
}

void encode(std::string& out, const AuthenticationOk&) {
  ByteWriter{out, backend_type::authentication}.u32(kAuthOk).finish();
}

void encode(std::string& out, const AuthenticationCleartextPassword&) {
  ByteWriter{out, backend_type::authentication}.u32(kAuthCleartextPassword).finish();
}

void encode(std::string& out, const AuthenticationMd5Password& message) {
  ByteWriter{out, backend_type::authentication}.u32(kAuthMd5Password).bytes(message.salt).finish();
}

void encode(std::string& out, const AuthenticationSasl& message) {
  ByteWriter writer{out, backend_type::authentication};
  writer.u32(kAuthSasl);
  for (const auto mechanism : message.mechanisms) {
    if (mechanism.empty())
      throw std::logic_error("a SASL mechanism without a name");  // it would end the list
    writer.c_string(mechanism);
  }
  writer.character('\0').finish();
}

void encode(std::string& out, const AuthenticationSaslContinue& message) {
  ByteWriter{out, backend_type::authentication}.u32(kAuthSaslContinue).bytes(message.data).finish();
}

void encode(std::string& out, const AuthenticationSaslFinal& message) {
  ByteWriter{out, backend_type::authentication}.u32(kAuthSaslFinal).bytes(message.data).finish();
}

void encode(std::string& out, const BackendKeyData& message) {
  ByteWriter{out, backend_type::backend_key_data}.u32(message.process_id).bytes(message.secret_key).finish();
}

void encode(std::string& out, const ParameterStatus& message) {
  ByteWriter{out, backend_type::parameter_status}.c_string(message.name).c_string(message.value).finish();
}

void encode(std::string& out, const NegotiateProtocolVersion& message) {
  ByteWriter writer{out, backend_type::negotiate_protocol_version};
  writer.u32(message.version).count32(message.unrecognized.size());
  for (const auto option : message.unrecognized) writer.c_string(option);
  writer.finish();
}

void encode(std::string& out, const ReadyForQuery& message) {
  ByteWriter{out, backend_type::ready_for_query}.character(message.status).finish();
}

void encode(std::string& out, const CommandComplete& message) {
  ByteWriter{out, backend_type::command_complete}.c_string(message.tag).finish();
}

void encode(std::string& out, const DataRow& message) {
  ByteWriter writer{out, backend_type::data_row};
  writer.count16(message.fields.size());
  for (const auto& field : message.fields) {
    if (field) {
      writer.count32(field->size()).bytes(*field);
    } else {
      writer.u32(kNullLength);
    }
  }
  writer.finish();
}

void encode(std::string& out, const ParseComplete&) {
  ByteWriter{out, backend_type::parse_complete}.finish();
}

void encode(std::string& out, const BindComplete&) {
  ByteWriter{out, backend_type::bind_complete}.finish();
}

void encode(std::string& out, const CloseComplete&) {
  ByteWriter{out, backend_type::close_complete}.finish();
}

}  // namespace portcullis::wire
