// The messages of PostgreSQL's frontend/backend protocol, version 3, named as in the manual, section 55.7
// "Message Formats". Pure values: no I/O, no state.
//
// decode<M>(body) takes the bytes behind the length field, and fails with 08P01 (protocol_violation) when
// they are not exactly one message M: too short, bytes left over, a missing terminator, a count that does not
// fit, a kind or status that the manual does not name. A decoded message's string_views point into the body
// and live only as long as that does.
//
// encode(out, m) appends the whole message, type byte and length included. A value that the format cannot
// hold (a zero byte in a string, more than 65535 parameters) is a bug of the caller: std::logic_error, and
// `out` is as it was. Only the texts of ErrorResponse and NoticeResponse, which quote anything, are mended
// instead: '?' for a zero byte.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "portcullis/base/result.hpp"

namespace portcullis::wire {

// Version numbers and codes that stand where a start-up packet's version stands (manual 55.7).
inline constexpr std::uint32_t kProtocol30 = 196608;
inline constexpr std::uint32_t kProtocol32 = 196610;
// The name of the protocol in TLS (ALPN).
inline constexpr std::string_view kAlpn = "postgresql";
inline constexpr std::uint32_t kCancelRequestCode = 80877102;
inline constexpr std::uint32_t kSslRequestCode = 80877103;
inline constexpr std::uint32_t kGssEncRequestCode = 80877104;

// --- packets without a type byte, first on a connection ---

struct StartupMessage {
  std::uint32_t protocol = kProtocol30;
  std::vector<std::pair<std::string, std::string>> parameters;  // in the order sent
};
struct SslRequest {};
struct GssEncRequest {};
struct CancelRequest {
  std::uint32_t process_id = 0;
  std::string secret_key;  // 4 bytes in protocol 3.0, 4 to 256 in 3.2
};

// --- frontend ---

// 'p' is one of three, which only the state of the authentication can tell apart.
struct PasswordMessage {
  std::string_view password;
};
struct SaslInitialResponse {
  std::string_view mechanism;
  std::optional<std::string_view> response;  // nothing: length -1
};
struct SaslResponse {
  std::string_view data;
};

struct Query {
  std::string_view text;
};
struct Parse {
  std::string_view statement;  // empty: the unnamed statement
  std::string_view text;
  std::vector<std::uint32_t> parameter_types;  // oids; 0: not given
};
struct Bind {
  std::string_view portal;
  std::string_view statement;
  std::vector<std::uint16_t> parameter_formats;             // 0 text, 1 binary
  std::vector<std::optional<std::string_view>> parameters;  // nothing: NULL
  std::vector<std::uint16_t> result_formats;
};
struct Describe {
  char kind = 'S';  // 'S' statement, 'P' portal
  std::string_view name;
};
struct Execute {
  std::string_view portal;
  std::uint32_t max_rows = 0;
};
struct Close {
  char kind = 'S';  // 'S' statement, 'P' portal
  std::string_view name;
};
struct Flush {};
struct Sync {};
struct Terminate {};
// CopyData and CopyDone go both ways.
struct CopyData {
  std::string_view data;
};
struct CopyDone {};
struct CopyFail {
  std::string_view message;
};

// --- backend ---

// 'R', by the code that follows; the ones the gate speaks.
struct AuthenticationOk {};
struct AuthenticationCleartextPassword {};
struct AuthenticationMd5Password {
  std::string_view salt;  // 4 bytes
};
struct AuthenticationSasl {
  std::vector<std::string_view> mechanisms;
};
struct AuthenticationSaslContinue {
  std::string_view data;
};
struct AuthenticationSaslFinal {
  std::string_view data;
};
// The code of any 'R' message, so that an unknown one can be named. 08P01 for a body shorter than that.
[[nodiscard]] base::Result<std::uint32_t> authentication_code(std::string_view body);
inline constexpr std::uint32_t kAuthOk = 0;
inline constexpr std::uint32_t kAuthCleartextPassword = 3;
inline constexpr std::uint32_t kAuthMd5Password = 5;
inline constexpr std::uint32_t kAuthSasl = 10;
inline constexpr std::uint32_t kAuthSaslContinue = 11;
inline constexpr std::uint32_t kAuthSaslFinal = 12;

struct BackendKeyData {
  std::uint32_t process_id = 0;
  std::string_view secret_key;
};
struct ParameterStatus {
  std::string_view name;
  std::string_view value;
};
struct NegotiateProtocolVersion {
  // The newest version that the server speaks, major and minor. (The manual says minor; servers send both,
  // and clients take nothing else.)
  std::uint32_t version = 0;
  std::vector<std::string_view> unrecognized;
};
struct ReadyForQuery {
  char status = 'I';  // 'I' idle, 'T' in a transaction block, 'E' in a failed one
};
struct CommandComplete {
  std::string_view tag;
};
// Only of answers to the gate's own queries: rows for a client pass unread.
struct DataRow {
  std::vector<std::optional<std::string_view>> fields;  // nothing: NULL
};
struct ParseComplete {};
struct BindComplete {};
struct CloseComplete {};
// ErrorResponse and NoticeResponse (manual 55.8). Owned, for they are also made by the gate.
struct DiagnosticField {
  char code = 'M';
  std::string value;
};
struct ErrorResponse {
  std::vector<DiagnosticField> fields;
  // The first field of that code, or an empty view.
  [[nodiscard]] std::string_view field(char code) const noexcept;
};
struct NoticeResponse {
  std::vector<DiagnosticField> fields;
};

// S, V, C, M and, where given, D, H, P. severity is "ERROR" or "FATAL".
[[nodiscard]] ErrorResponse to_error_response(const base::Error& error, std::string_view severity);
// SQLSTATE, message, detail, hint and position of a peer's ErrorResponse; a missing code becomes XX000.
[[nodiscard]] base::Error to_error(const ErrorResponse& response);

// Type bytes (manual 55.7).
namespace frontend_type {
inline constexpr char bind = 'B', close = 'C', copy_data = 'd', copy_done = 'c', copy_fail = 'f',
                      describe = 'D', execute = 'E', flush = 'H', function_call = 'F', parse = 'P',
                      password = 'p', query = 'Q', sync = 'S', terminate = 'X';
}  // namespace frontend_type
namespace backend_type {
inline constexpr char authentication = 'R', backend_key_data = 'K', bind_complete = '2', close_complete = '3',
                      command_complete = 'C', copy_data = 'd', copy_done = 'c', copy_in_response = 'G',
                      copy_out_response = 'H', copy_both_response = 'W', data_row = 'D',
                      empty_query_response = 'I', error_response = 'E', function_call_response = 'V',
                      negotiate_protocol_version = 'v', no_data = 'n', notice_response = 'N',
                      notification_response = 'A', parameter_description = 't', parameter_status = 'S',
                      parse_complete = '1', portal_suspended = 's', ready_for_query = 'Z',
                      row_description = 'T';
}  // namespace backend_type

// Declared for every message above that can be decoded; asking for another does not link.
template <class Message>
[[nodiscard]] base::Result<Message> decode(std::string_view body);

template <>
base::Result<PasswordMessage> decode(std::string_view body);
template <>
base::Result<SaslInitialResponse> decode(std::string_view body);
template <>
base::Result<SaslResponse> decode(std::string_view body);
template <>
base::Result<Query> decode(std::string_view body);
template <>
base::Result<Parse> decode(std::string_view body);
// Beyond the above: as PostgreSQL, 08P01 unless there are 0, 1 or as many parameter formats as parameters,
// and 22023 for a format code other than 0 and 1.
template <>
base::Result<Bind> decode(std::string_view body);
template <>
base::Result<Describe> decode(std::string_view body);
template <>
base::Result<Execute> decode(std::string_view body);
template <>
base::Result<Close> decode(std::string_view body);
template <>
base::Result<Flush> decode(std::string_view body);
template <>
base::Result<Sync> decode(std::string_view body);
template <>
base::Result<Terminate> decode(std::string_view body);
template <>
base::Result<CopyData> decode(std::string_view body);
template <>
base::Result<CopyDone> decode(std::string_view body);
template <>
base::Result<CopyFail> decode(std::string_view body);
// Each expects its own code at the start of the body.
template <>
base::Result<AuthenticationOk> decode(std::string_view body);
template <>
base::Result<AuthenticationCleartextPassword> decode(std::string_view body);
template <>
base::Result<AuthenticationMd5Password> decode(std::string_view body);
template <>
base::Result<AuthenticationSasl> decode(std::string_view body);
template <>
base::Result<AuthenticationSaslContinue> decode(std::string_view body);
template <>
base::Result<AuthenticationSaslFinal> decode(std::string_view body);
template <>
base::Result<BackendKeyData> decode(std::string_view body);  // the key: 4 to 256 bytes
template <>
base::Result<ParameterStatus> decode(std::string_view body);
template <>
base::Result<NegotiateProtocolVersion> decode(std::string_view body);
template <>
base::Result<ReadyForQuery> decode(std::string_view body);
template <>
base::Result<CommandComplete> decode(std::string_view body);
template <>
base::Result<DataRow> decode(std::string_view body);
template <>
base::Result<ParseComplete> decode(std::string_view body);
template <>
base::Result<BindComplete> decode(std::string_view body);
template <>
base::Result<CloseComplete> decode(std::string_view body);
// At most 64 fields: PostgreSQL knows 18, and each costs more memory than it takes on the wire.
template <>
base::Result<ErrorResponse> decode(std::string_view body);
template <>
base::Result<NoticeResponse> decode(std::string_view body);

void encode(std::string& out, const StartupMessage& message);
void encode(std::string& out, const SslRequest& message);
void encode(std::string& out, const GssEncRequest& message);
void encode(std::string& out, const CancelRequest& message);
void encode(std::string& out, const PasswordMessage& message);
void encode(std::string& out, const SaslInitialResponse& message);
void encode(std::string& out, const SaslResponse& message);
void encode(std::string& out, const Query& message);
void encode(std::string& out, const Parse& message);
void encode(std::string& out, const Bind& message);
void encode(std::string& out, const Describe& message);
void encode(std::string& out, const Execute& message);
void encode(std::string& out, const Close& message);
void encode(std::string& out, const Flush& message);
void encode(std::string& out, const Sync& message);
void encode(std::string& out, const Terminate& message);
void encode(std::string& out, const CopyData& message);
void encode(std::string& out, const CopyDone& message);
void encode(std::string& out, const CopyFail& message);
void encode(std::string& out, const AuthenticationOk& message);
void encode(std::string& out, const AuthenticationCleartextPassword& message);
void encode(std::string& out, const AuthenticationMd5Password& message);
void encode(std::string& out, const AuthenticationSasl& message);
void encode(std::string& out, const AuthenticationSaslContinue& message);
void encode(std::string& out, const AuthenticationSaslFinal& message);
void encode(std::string& out, const BackendKeyData& message);
void encode(std::string& out, const ParameterStatus& message);
void encode(std::string& out, const NegotiateProtocolVersion& message);
void encode(std::string& out, const ReadyForQuery& message);
void encode(std::string& out, const CommandComplete& message);
void encode(std::string& out, const DataRow& message);
void encode(std::string& out, const ParseComplete& message);
void encode(std::string& out, const BindComplete& message);
void encode(std::string& out, const CloseComplete& message);
void encode(std::string& out, const ErrorResponse& message);
void encode(std::string& out, const NoticeResponse& message);

}  // namespace portcullis::wire
