// The packets without a type byte that begin a connection (manual 55.7; backend_startup.c,
// ProcessStartupPacket).
#include <algorithm>
#include <string>

#include "wire/byte_reader.hpp"
#include "wire/byte_writer.hpp"
#include "wire/framing.hpp"
#include "wire/malformed.hpp"

namespace portcullis::wire {
namespace {

std::string folded(std::string_view name) {
  std::string out{name};
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// Of two values for one setting the gate might judge one while the server applies the other.
bool has_duplicate(const StartupMessage& message) {
  std::vector<std::string> names;
  names.reserve(message.parameters.size());
  for (const auto& parameter : message.parameters) names.push_back(folded(parameter.first));
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

// `in` stands behind the version.
base::Result<StartupPacket> read_parameters(std::uint32_t protocol, ByteReader in) {
  StartupMessage message{.protocol = protocol, .parameters = {}};
  for (auto name = in.c_string(); !name.empty(); name = in.c_string()) {
    message.parameters.emplace_back(name, in.c_string());
  }
  if (has_duplicate(message)) return malformed("StartupMessage", "a parameter is given twice");
  return finish<StartupPacket>(in, "StartupMessage", std::move(message));
}

base::Result<StartupPacket> read_cancel(ByteReader in) {
  CancelRequest request{.process_id = in.u32(), .secret_key = {}};
  if (in.left() < 4 || in.left() > 256) return malformed("CancelRequest", "its key is not of 4 to 256 bytes");
  request.secret_key = in.rest();
  return finish<StartupPacket>(in, "CancelRequest", std::move(request));
}

base::Error unsupported(std::uint32_t protocol) {
  return {.code = base::sqlstate::feature_not_supported,
          .message = "unsupported frontend protocol \"" + std::to_string(protocol >> 16) + "." +
                     std::to_string(protocol & 0xffffu) + "\", connect with protocol 3"};
}

base::Result<StartupPacket> read_packet(std::string_view packet) {
  ByteReader in{packet};
  in.u32();  // the length, checked by the caller
  const std::uint32_t code = in.u32();
  if (code == kSslRequestCode) return finish<StartupPacket>(in, "SSLRequest", SslRequest{});
  if (code == kGssEncRequestCode) return finish<StartupPacket>(in, "GSSENCRequest", GssEncRequest{});
  if (code == kCancelRequestCode) return read_cancel(in);
  if (code >> 16 != kProtocol30 >> 16) return unsupported(code);
  return read_parameters(code, in);
}

}  // namespace

base::Result<std::optional<StartupFrame>> read_startup(std::string_view bytes) {
  if (bytes.size() < 4) return std::optional<StartupFrame>{};
  const std::uint32_t length = ByteReader{bytes}.u32();
  if (length < 8 || length > kMaxStartupPacket) {
    return malformed("startup", "its length is not from 8 to " + std::to_string(kMaxStartupPacket));
  }
  if (bytes.size() < length) return std::optional<StartupFrame>{};
  auto packet = read_packet(bytes.substr(0, length));
  if (!packet) return packet.error();
  return std::optional<StartupFrame>{StartupFrame{.packet = std::move(*packet), .consumed = length}};
}

void encode(std::string& out, const StartupMessage& message) {
  ByteWriter writer{out};
  writer.u32(message.protocol);
  for (const auto& [name, value] : message.parameters) {
    if (name.empty()) throw std::logic_error("a startup parameter without a name");  // it would end the list
    writer.c_string(name).c_string(value);
  }
  writer.character('\0').finish();
}

void encode(std::string& out, const SslRequest&) {
  ByteWriter{out}.u32(kSslRequestCode).finish();
}

void encode(std::string& out, const GssEncRequest&) {
  ByteWriter{out}.u32(kGssEncRequestCode).finish();
}

void encode(std::string& out, const CancelRequest& message) {
  ByteWriter{out}.u32(kCancelRequestCode).u32(message.process_id).bytes(message.secret_key).finish();
}

}  // namespace portcullis::wire
