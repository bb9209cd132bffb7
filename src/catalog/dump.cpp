// The rows as a file: the text form of COPY (PostgreSQL manual, "COPY", File Formats), below a line for each
// query.
#include <charconv>
#include <vector>

#include "catalog/queries.hpp"
#include "catalog/snapshot_builder.hpp"

namespace portcullis::catalog {

namespace {

constexpr std::string_view kTitle = "portcullis catalog 1 ";

struct Escape {
  char letter, character;
};
constexpr Escape kEscapes[] = {{'b', '\b'}, {'f', '\f'}, {'n', '\n'}, {'r', '\r'},
                               {'t', '\t'}, {'v', '\v'}, {'\\', '\\'}};

void append_escaped(std::string& to, std::string_view value) {
  for (const char character : value) {
    char letter = 0;
    for (const Escape& escape : kEscapes)
      if (escape.character == character) letter = escape.letter;
    if (letter != 0) to += '\\';
    to += letter != 0 ? letter : character;
  }
}

// False where a backslash is followed by what DumpWriter does not write.
bool append_unescaped(std::string& to, std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      to += text[i];
      continue;
    }
    if (++i == text.size()) return false;
    char character = 0;
    for (const Escape& escape : kEscapes)
      if (escape.letter == text[i]) character = escape.character;
    if (character == 0) return false;
    to += character;
  }
  return true;
}

// Goes through a dump line by line.
class DumpReader {
 public:
  explicit DumpReader(std::string_view text) : rest_(text) {}

  base::Result<std::shared_ptr<const Snapshot>> read() {
    int version = 0;
    if (!next_line() || !read_title(version)) return error("this is not the first line of a catalog");
    const std::span<const Query> all = queries(version);
    if (all.empty()) return error("this release does not read that server version");
    SnapshotBuilder builder(version);
    std::size_t begun = 0;  // queries whose heading was read
    while (next_line()) {
      if (begun < all.size() && line_ == "# " + std::string(all[begun].name)) {
        ++begun;
        continue;
      }
      if (line_.starts_with('#') || begun == 0)
        return error("this is not the heading of the query that comes next");
      if (!split_line()) return error("a backslash stands for nothing");
      if (auto added = builder.add_row(begun - 1, fields_); !added) return at_line(added.error().message);
    }
    if (begun < all.size()) return error("the query \"" + std::string(all[begun].name) + "\" is missing");
    auto snapshot = builder.finish();
    if (!snapshot) return at_line(snapshot.error().message);
    return snapshot;
  }

 private:
  bool next_line() {
    if (rest_.empty()) return false;
    const std::size_t end = rest_.find('\n');
    line_ = rest_.substr(0, end);
    rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + 1);
    ++number_;
    return true;
  }

  bool read_title(int& version) const {
    if (!line_.starts_with(kTitle)) return false;
    const char* end = line_.data() + line_.size();
    const auto [stopped, failed] = std::from_chars(line_.data() + kTitle.size(), end, version);
    return failed == std::errc() && stopped == end;
  }

  bool split_line() {
    values_.clear();
    std::vector<bool> is_null;
    for (std::string_view left = line_;;) {
      const std::size_t tab = left.find('\t');
      const std::string_view field = left.substr(0, tab);
      is_null.push_back(field == "\\N");
      if (!append_unescaped(values_.emplace_back(), is_null.back() ? std::string_view() : field))
        return false;
      if (tab == std::string_view::npos) break;
      left.remove_prefix(tab + 1);
    }
    fields_.clear();
    for (std::size_t i = 0; i < values_.size(); ++i)
      fields_.push_back(is_null[i] ? Field() : Field(std::string_view(values_[i])));
    return true;
  }

  [[nodiscard]] base::Error at_line(const std::string& message) const {
    return {base::sqlstate::config_file_error,
            "line " + std::to_string(number_) + " of the catalog: " + message};
  }
  [[nodiscard]] base::Error error(const std::string& what) const {
    return at_line(what + "; write the file again with `portcullis catalog dump`");
  }

  std::string_view rest_, line_;
  std::size_t number_ = 0;
  std::vector<std::string> values_;
  std::vector<Field> fields_;
};

}  // namespace

DumpWriter::DumpWriter(int server_version)
    : server_version_(server_version), text_(std::string(kTitle) + std::to_string(server_version) + "\n") {}

void DumpWriter::begin_query(std::size_t query) {
  text_ += "# " + std::string(queries(server_version_)[query].name) + "\n";
}

void DumpWriter::add_row(std::span<const Field> fields) {
  for (std::size_t i = 0; i < fields.size(); ++i) {
    if (i > 0) text_ += '\t';
    if (fields[i])
      append_escaped(text_, *fields[i]);
    else
      text_ += "\\N";
  }
  text_ += '\n';
}

base::Result<std::shared_ptr<const Snapshot>> read_dump(std::string_view text) {
  return DumpReader(text).read();
}

}  // namespace portcullis::catalog
