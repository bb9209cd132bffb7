#include "audit/recover_pruned.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "audit/format.hpp"
#include "audit/line_scanner.hpp"
#include "audit/segment.hpp"

namespace portcullis::audit {
namespace {

constexpr std::string_view kConfig = R"("t":"config")", kPrune = R"("t":"prune")";

// What the lines of a segment say of orders to prune, in their order.
struct Said {
  std::vector<std::string> lines;  // the first one, and those of `config` and `prune`
  bool has_config = false;
  bool has_prune = false;  // behind one of `config`
};

bool has(std::string_view line, std::string_view what) {
  return line.find(what) != std::string_view::npos;
}

// What only looks like one by a text in it is told apart by who reads it.
base::Result<Said> read_segment(Storage& storage, std::uint64_t segment, bool first_alone) {
  const auto file = storage.open(segment_name(segment));
  if (!file) return file.error();
  LineScanner lines([&file](std::uint64_t offset, char* into, std::size_t count) {
    return (*file)->read(offset, into, count);
  });
  Said said;
  for (;;) {
    const auto line = lines.next();
    if (!line) return line.error();
    if (!*line || is_blank((*line)->text)) return said;
    const std::string_view text = (*line)->text;
    const bool configures = has(text, kConfig), prunes = has(text, kPrune);
    if ((*line)->number == 1 || configures || prunes) said.lines.emplace_back(text);
    if (first_alone) return said;
    said.has_config = said.has_config || configures;
    said.has_prune = said.has_prune || (prunes && said.has_config);
  }
}

void judge(OrderRules& rules, const std::vector<std::string>& lines, std::uint64_t size,
           std::string_view name) {
  EntryReader entry;
  for (const auto& line : lines) {
    if (!entry.read(line) && entry.index() < size) static_cast<void>(rules.see(entry, name));
  }
}

// From the segment at `from` on; of those before it only the beginnings.
base::Result<OrderRules> rules_from(Storage& storage, const std::vector<std::uint64_t>& segments,
                                    std::size_t from, const std::vector<Said>& newest, std::uint64_t size,
                                    std::string_view name) {
  OrderRules rules;
  for (std::size_t i = 0; i < from; ++i) {
    const auto begun = read_segment(storage, segments[i], true);
    if (!begun) return begun.error();
    judge(rules, begun->lines, size, name);
  }
  for (auto said = newest.rbegin(); said != newest.rend(); ++said) judge(rules, said->lines, size, name);
  return rules;
}

}  // namespace

base::Result<std::optional<OrderRules::Prune>> newest_prune(Storage& storage,
                                                            const std::vector<std::uint64_t>& segments,
                                                            std::uint64_t size, std::string_view name) {
  std::vector<Said> newest;  // the newest segment first
  bool awaits_config = false;
  for (std::size_t from = segments.size(); from-- > 0;) {
    auto said = read_segment(storage, segments[from], false);
    if (!said) return said.error();
    const bool may_do = said->has_prune || (awaits_config && said->has_config);
    awaits_config = awaits_config || std::any_of(said->lines.begin(), said->lines.end(),
                                                 [](const auto& line) { return has(line, kPrune); });
    newest.push_back(std::move(*said));
    if (!may_do && from > 0) continue;
    const auto rules = rules_from(storage, segments, from, newest, size, name);
    if (!rules) return rules.error();
    if (!rules->prunes().empty()) return std::optional(rules->prunes().back());
  }
  return std::optional<OrderRules::Prune>{};
}

}  // namespace portcullis::audit
