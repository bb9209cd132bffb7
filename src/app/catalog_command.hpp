// `portcullis catalog dump`: the catalog that the gate judges by, as a file for `portcullis check --catalog`.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "app/config.hpp"
#include "app/console.hpp"
#include "portcullis/base/result.hpp"

namespace portcullis::app {

using DumpCatalog = std::function<base::Result<std::string>(const Config&)>;

struct CatalogDumpOptions {
  std::filesystem::path config;
  std::optional<std::filesystem::path> output;  // absent: the console
};

// kConfiguration when the configuration is wrong, kFailure when the database cannot be read or the file not
// be written.
[[nodiscard]] int dump_catalog(const CatalogDumpOptions& options, Console& console, const DumpCatalog& dump);

}  // namespace portcullis::app
