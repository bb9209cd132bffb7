// See message_samples.hpp.
#include "tests/unit/wire/message_samples.hpp"

#include "portcullis/wire/messages.hpp"

namespace portcullis::wire::testing {
namespace {

using namespace std::string_view_literals;

template <class Message>
Sample sample(std::string name, const Message& message, bool from_client, bool open_ended = false) {
  Sample made{.name = std::move(name),
              .frame = {},
              .from_client = from_client,
              .open_ended = open_ended,
              .reencode = {}};
  encode(made.frame, message);
  made.reencode = [](std::string_view body) -> base::Result<std::string> {
    const auto decoded = decode<Message>(body);
    if (!decoded) return decoded.error();
    std::string out;
    encode(out, *decoded);
    return out;
  };
  return made;
}

template <class Message>
Sample from_client(std::string name, const Message& message, bool open_ended = false) {
  return sample(std::move(name), message, true, open_ended);
}

template <class Message>
Sample from_server(std::string name, const Message& message, bool open_ended = false) {
  return sample(std::move(name), message, false, open_ended);
}

Bind bind_sample() {
  return {.portal = "portal",
          .statement = "statement",
          .parameter_formats = {0, 1, 0},
          .parameters = {"text", "\0\1\2\3"sv, std::nullopt},
          .result_formats = {1}};
}

std::vector<Sample> frontend_samples() {
  return {
      from_client("PasswordMessage", PasswordMessage{"secret"}),
      from_client("PasswordMessage, empty", PasswordMessage{""}),
      from_client("SASLInitialResponse", SaslInitialResponse{"SCRAM-SHA-256", "n,,n=,r=nonce"}),
      from_client("SASLInitialResponse, empty", SaslInitialResponse{"SCRAM-SHA-256", ""}),
      from_client("SASLInitialResponse, none", SaslInitialResponse{"SCRAM-SHA-256", std::nullopt}),
      from_client("SASLResponse", SaslResponse{"c=biws,r=nonce,p=proof"}, true),
      from_client("Query", Query{"select 'caf\xc3\xa9'; select 2"}),
      from_client("Query, empty", Query{""}),
      from_client("Parse", Parse{"name", "select $1, $2", {23, 0}}),
      from_client("Parse, unnamed", Parse{"", "", {}}),
      from_client("Bind", bind_sample()),
      from_client("Bind, bare", Bind{}),
      from_client("Describe", Describe{'P', "portal"}),
      from_client("Execute", Execute{"portal", 1000}),
      from_client("Close", Close{'S', ""}),
      from_client("Flush", Flush{}),
      from_client("Sync", Sync{}),
      from_client("Terminate", Terminate{}),
      from_client("CopyData", CopyData{"1\t\0\n"sv}, true),
      from_client("CopyDone", CopyDone{}),
      from_client("CopyFail", CopyFail{"enough"}),
  };
}

std::vector<Sample> backend_samples() {
  return {
      from_server("AuthenticationOk", AuthenticationOk{}),
      from_server("AuthenticationCleartextPassword", AuthenticationCleartextPassword{}),
      from_server("AuthenticationMD5Password", AuthenticationMd5Password{"\0salt"sv.substr(0, 4)}),
      from_server("AuthenticationSASL", AuthenticationSasl{{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"}}),
      from_server("AuthenticationSASLContinue", AuthenticationSaslContinue{"r=nonce,s=c2FsdA==,i=4096"},
                  true),
      from_server("AuthenticationSASLFinal", AuthenticationSaslFinal{"v=signature"}, true),
      from_server("BackendKeyData", BackendKeyData{4711, "\1\0\2\3"sv}),
      from_server("ParameterStatus", ParameterStatus{"client_encoding", "UTF8"}),
      from_server("NegotiateProtocolVersion", NegotiateProtocolVersion{2, {"_pq_.one", "_pq_.two"}}),
      from_server("ReadyForQuery", ReadyForQuery{'T'}),
      from_server("CommandComplete", CommandComplete{"INSERT 0 1"}),
      from_server("DataRow", DataRow{{"text"sv, std::nullopt, ""sv}}),
      from_server("ParseComplete", ParseComplete{}),
      from_server("BindComplete", BindComplete{}),
      from_server("CloseComplete", CloseComplete{}),
      from_server("ErrorResponse", ErrorResponse{{{'S', "ERROR"}, {'C', "42501"}, {'M', "no"}, {'H', ""}}}),
      from_server("ErrorResponse, empty", ErrorResponse{}),
      from_server("NoticeResponse", NoticeResponse{{{'S', "NOTICE"}, {'M', "by the way"}}}),
  };
}

}  // namespace

const std::vector<Sample>& samples() {
  static const auto all = [] {
    auto both = frontend_samples();
    for (auto& made : backend_samples()) both.push_back(std::move(made));
    return both;
  }();
  return all;
}

}  // namespace portcullis::wire::testing
