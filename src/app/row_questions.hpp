// `portcullis dry-run`: how many rows a statement would change, of which no session says how it looks up
// names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "app/config.hpp"
#include "net/upstream_address.hpp"
#include "portcullis/catalog/resolution.hpp"
#include "portcullis/sql/facts.hpp"
#include "shadow/row_count.hpp"
#include "shadow/target_rows.hpp"

namespace portcullis::app {

// So far rows are counted where no policy says how many there may be.
inline constexpr std::uint64_t kMostRowsCounted = 10'000;

struct RowNames {
  std::shared_ptr<const catalog::Snapshot> snapshot;  // null: `why`
  catalog::NameSpace names;
  std::string search_path;
  std::string why;
};

// As a new session of the role finds them. Asks production, and blocks.
[[nodiscard]] RowNames row_names(const Config& config, const net::UpstreamAddress& production,
                                 const net::ServerLogin& agent);
// On a thread that may parse (sql/analyze.hpp).
[[nodiscard]] shadow::RowQuestion row_question_of(std::string_view text, const sql::StatementFacts& facts,
                                                  const RowNames& names);
// The same for which rows it changes, at most `most` of a table.
[[nodiscard]] shadow::TargetQuestion target_question_of(std::string_view text,
                                                        const sql::StatementFacts& facts,
                                                        const RowNames& names, std::uint64_t most);
// Where the settings have none.
void add_search_path(const RowNames& names, std::vector<std::pair<std::string, std::string>>& settings);

}  // namespace portcullis::app
