// The messages and enumerations of libpg_query's pg_query.proto: the parser's own word on what a tree can
// hold.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

namespace portcullis::sql::testing {

struct ProtoField {
  std::string type;
  std::string name;  // as it stands in the JSON
  bool repeated = false;
};

struct ProtoFile {
  std::map<std::string, std::vector<ProtoField>> messages;
  std::map<std::string, std::vector<std::string>> enumerations;
};

// A `oneof` is read as ordinary fields.
inline std::vector<ProtoField> fields_in(const std::string& body) {
  static const std::regex kField(R"re((repeated )?(\w+) (\w+) = \d+(?: \[json_name="(\w+)"\])?;)re");
  std::vector<ProtoField> fields;
  for (std::sregex_iterator at(body.begin(), body.end(), kField), end; at != end; ++at) {
    const std::smatch& found = *at;
    fields.push_back({found[2], found[4].matched ? found[4] : found[3], found[1].matched});
  }
  return fields;
}

inline std::vector<std::string> words_in(const std::string& body) {
  static const std::regex kWord(R"((\w+) = \d+;)");
  std::vector<std::string> words;
  for (std::sregex_iterator at(body.begin(), body.end(), kWord), end; at != end; ++at)
    words.push_back((*at)[1]);
  return words;
}

// Throws where the file is not there or holds nothing: the test fails.
inline ProtoFile read_proto(const std::string& path) {
  std::ifstream in(path);
  ProtoFile proto;
  std::string line, body, kind, name;
  const std::regex head(R"((message|enum) (\w+)\s*\{?\s*)");
  while (std::getline(in, line)) {
    line.erase(std::min(line.find("//"), line.size()));
    std::smatch found;
    if (std::regex_match(line, found, head)) {
      kind = found[1];
      name = found[2];
      body.clear();
    } else if (line.starts_with('}') && !kind.empty()) {
      if (kind == "message") proto.messages[name] = fields_in(body);
      if (kind == "enum") proto.enumerations[name] = words_in(body);
      kind.clear();
    } else {
      body += line + '\n';
    }
  }
  if (proto.messages.empty()) throw std::runtime_error("no messages in \"" + path + '"');
  return proto;
}

}  // namespace portcullis::sql::testing
