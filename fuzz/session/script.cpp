#include "script.hpp"

#include "portcullis/wire/messages.hpp"
#include "texts.hpp"

namespace portcullis::fuzz {
namespace {

template <class Message>
std::string bytes_of(const Message& message) {
  std::string bytes;
  encode(bytes, message);
  return bytes;
}

std::string_view a_name(Script& script) {
  constexpr std::string_view names[] = {"", "s", "p", "c"};
  return names[script.below(std::size(names))];
}

std::string_view a_text(Script& script, bool limited) {
  const auto texts = known_texts(limited);
  return texts[script.below(texts.size())].text;
}

// Whatever stands behind its semicolon, the statement in front is refused.
std::string a_denied_text(Script& script) {
  std::string text = "select * from app.secret;";
  text += script.bytes(script.below(32));
  std::erase(text, '\0');
  return text;
}

std::string copy_data(Script& script) {
  constexpr std::string_view rows[] = {"1\n", "bad\n", "", "select * from app.secret"};
  const auto which = script.below(5);
  if (which < std::size(rows)) return bytes_of(wire::CopyData{rows[which]});
  // As long as a message that is not held whole.
  return bytes_of(wire::CopyData{std::string(20'000, 'x')});
}

std::string bind(Script& script) {
  const auto portal = a_name(script), statement = a_name(script);
  wire::Bind message{portal, statement, {}, {}, {}};
  if (script.below(4) == 0) message.parameters.push_back("value");
  return bytes_of(message);
}

// One byte of a sound message is another, or its end is cut off and the length with it.
std::string broken(Script& script, bool limited) {
  std::string bytes = client_message(script, false, limited);
  const auto how = script.byte();
  if (how % 4 == 0) return std::string(script.bytes(how / 4));
  if (how % 4 == 1 && bytes.size() > 5 && bytes[1] == 0 && bytes[2] == 0 && bytes[3] == 0) {
    bytes.pop_back();
    bytes[4] = static_cast<char>(bytes[4] - 1);
    return bytes;
  }
  bytes[how / 4 % bytes.size()] = static_cast<char>(script.byte());
  return bytes;
}

}  // namespace

void trace(std::string_view who, std::string_view frame) {
  static const bool is_on = std::getenv("PORTCULLIS_FUZZ_TRACE") != nullptr;
  if (!is_on) return;
  std::string line = std::string(who) + " " + std::string(frame.substr(0, 1)) + " ";
  for (const char byte : frame.substr(std::min<std::size_t>(5, frame.size()), 400))
    line += byte >= ' ' && byte <= '~' ? byte : '.';
  std::fprintf(stderr, "%s\n", line.c_str());
}

std::string client_message(Script& script, bool may_break, bool limited) {
  switch (script.below(may_break ? 16 : 15)) {
    case 0: return bytes_of(wire::Query{a_text(script, limited)});
    case 1: return bytes_of(wire::Query{a_denied_text(script)});
    case 2: return bytes_of(wire::Parse{a_name(script), a_text(script, limited), {}});
    case 3: return bytes_of(wire::Parse{"", a_denied_text(script), {}});
    case 4: return bind(script);
    case 5: return bytes_of(wire::Describe{script.below(2) == 0 ? 'S' : 'P', a_name(script)});
    case 6: {
      const auto portal = a_name(script);
      return bytes_of(wire::Execute{portal, static_cast<std::uint32_t>(script.below(4))});
    }
    case 7: return bytes_of(wire::Close{script.below(2) == 0 ? 'S' : 'P', a_name(script)});
    case 8: return bytes_of(wire::Sync{});
    case 9: return bytes_of(wire::Flush{});
    case 10: return copy_data(script);
    case 11: return bytes_of(wire::CopyDone{});
    case 12: return bytes_of(wire::CopyFail{"no more"});
    case 13: {  // all of a statement
      const auto text = a_text(script, limited);
      return bytes_of(wire::Parse{"", text, {}}) + bytes_of(wire::Bind{"", "", {}, {}, {}}) +
             bytes_of(wire::Execute{"", 0});
    }
    case 14: return std::string("F\0\0\0\x0E\0\0\0\1\0\0\0\0\0\0", 15);
    default: return broken(script, limited);
  }
}

}  // namespace portcullis::fuzz
