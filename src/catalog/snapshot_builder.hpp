// Rows of the queries -> Snapshot.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "portcullis/base/result.hpp"
#include "portcullis/catalog/snapshot.hpp"

namespace portcullis::catalog {

using Field = std::optional<std::string_view>;  // nothing: NULL

// One thread. Rows of the queries in their order; between two calls nothing of a row is kept by reference.
class SnapshotBuilder {
 public:
  explicit SnapshotBuilder(int server_version);
  ~SnapshotBuilder();

  // A row of queries(server_version)[query]. An error where it has another shape than the query gives: the
  // builder is then of no more use.
  [[nodiscard]] base::Result<void> add_row(std::size_t query, std::span<const Field> fields);
  // An error where the rows contradict each other (a column of a relation that is not there). Once.
  [[nodiscard]] base::Result<std::shared_ptr<const Snapshot>> finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The rows as text and back, so that a policy can be tried without a server. The format: a line "portcullis
// catalog 1 <server_version_num>", then for each query its name behind "# " and its rows as COPY's text
// format writes them (tab between fields, \N for NULL, backslash escapes). A file that is not of that form is
// an error with its line's number.
class DumpWriter {
 public:
  explicit DumpWriter(int server_version);  // one that queries() knows
  void begin_query(std::size_t query);
  void add_row(std::span<const Field> fields);
  [[nodiscard]] std::string take() { return std::move(text_); }

 private:
  int server_version_;
  std::string text_;
};
[[nodiscard]] base::Result<std::shared_ptr<const Snapshot>> read_dump(std::string_view text);

}  // namespace portcullis::catalog
