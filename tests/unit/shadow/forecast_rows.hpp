// Answers of a production database, for the tests of the forecast.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "shadow/forecast.hpp"

namespace portcullis::shadow {

inline LockSet locks(std::initializer_list<LockMode> modes) {
  LockSet set;
  for (const auto mode : modes) set.add(mode);
  return set;
}

inline RelationFacts relation(std::string name, LockMode mode, char kind = 'r') {
  RelationFacts facts;
  facts.schema = "app";
  facts.name = std::move(name);
  facts.kind = kind;
  facts.locks.add(mode);
  return facts;
}

inline RunFacts altering(std::vector<RelationFacts> relations) {
  RunFacts facts;
  facts.tag = "ALTER TABLE";
  facts.relations = std::move(relations);
  return facts;
}

inline Forecast forecast(const std::vector<Row>& rows, const RunFacts& facts) {
  auto read = read_forecast(rows, facts);
  EXPECT_TRUE(read.has_value());
  return read ? *read : Forecast{};
}

inline RunFacts bare() {
  return altering({relation("orders", LockMode::access_exclusive)});
}

// Of relation `i`: a table of 1,000 pages and 50,000 rows, 300 pages of indexes, nobody in the way.
inline Row quiet(const std::string& i, const std::string& kind = "r", const std::string& table = "") {
  Row row{i,   kind, table.empty() ? "2000" + i : table, "1000", "0", "300", "50000", "50000", "8192",
          "0", "0"};
  row.resize(21);
  return row;
}

// The same, with the `place`-th of `count` that are in the way: pid 478, idle in transaction for 312 s.
inline Row held(const std::string& i, const std::string& mode, int place = 1, int count = 1) {
  Row row = quiet(i);
  row[9] = row[10] = std::to_string(count);
  row[11] = std::to_string(place);
  row[12] = std::to_string(477 + place);
  row[13] = "app_writer";
  row[14] = "idle in transaction";
  row[15] = "client backend";
  row[17] = mode;
  row[18] = "t";
  row[19] = "312400";
  row[20] = "f";
  return row;
}

}  // namespace portcullis::shadow
