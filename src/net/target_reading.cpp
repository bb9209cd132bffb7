#include "net/target_reading.hpp"

#include <memory>

#include "net/agent_questions.hpp"
#include "net/shadow_connection.hpp"
#include "shadow/row_count.hpp"

namespace portcullis::net {

using base::Error;
using base::Result;
using shadow::Row;
using std::chrono::steady_clock;

namespace {

constexpr std::string_view kBegin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ";

class Reader {
 public:
  explicit Reader(const ProbeOptions& options)
      : options_(options), until_(steady_clock::now() + options.most_time) {}

  Result<void> begin(const std::string& settings) {
    auto opened = ShadowConnection::open(options_.production, options_.login, ServerConnection::to_look());
    if (!opened) return Error{opened.error().code, "nobody could log in as the agent's role to ask"};
    connection_ = std::move(*opened);
    const auto begun = ask(std::string(kBegin) + settings);
    if (!begun) return begun.error();
    return {};
  }

  Result<std::vector<Row>> ask(const std::string& sql, const shadow::Parameters* parameters = nullptr) {
    if (steady_clock::now() >= until_)
      return Error{base::sqlstate::query_canceled, "there was no time left to read its rows"};
    const auto most = options_.statement_timeout + kGrace;
    auto rows =
        parameters != nullptr ? connection_->ask(sql, *parameters, most) : connection_->ask(sql, most);
    if (!rows) return Error{rows.error().code, in_plain_words(rows.error())};
    return rows;
  }

  [[nodiscard]] shadow::Asking asking() {
    return [this](const std::string& sql) { return ask(sql); };
  }

 private:
  const ProbeOptions& options_;
  steady_clock::time_point until_;
  std::unique_ptr<ShadowConnection> connection_;
};

}  // namespace

Result<shadow::TargetRows> read_targets(const ProbeOptions& options, const TargetAsk& ask) {
  const auto& question = ask.question;
  Reader reader(options);
  if (const auto begun = reader.begin(settings_of_session(options, ask.settings)); !begun)
    return begun.error();
  const auto parameters = shadow::parameters_for(question.sql, ask.parameters);
  const auto ids = reader.ask("SELECT tableoid, ctid FROM (" + question.sql + ") AS portcullis_rows LIMIT " +
                                  std::to_string(question.most + 1),
                              &parameters);
  if (!ids) return ids.error();
  if (const auto set = reader.ask(shadow::exact_settings()); !set) return set.error();
  return shadow::read_targets(question, *ids, reader.asking());
}

Result<shadow::TableRows> read_parents(const ProbeOptions& options, const shadow::TargetReference& reference,
                                       const std::vector<Row>& keys) {
  Reader reader(options);
  if (const auto begun = reader.begin(guards_of(options) + shadow::exact_settings()); !begun)
    return begun.error();
  return shadow::read_parents(reference, keys, reader.asking());
}

}  // namespace portcullis::net
