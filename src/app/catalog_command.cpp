#include "app/catalog_command.hpp"

#include <fstream>

#include "app/config_load.hpp"
#include "app/exit_code.hpp"

namespace portcullis::app {

int dump_catalog(const CatalogDumpOptions& options, Console& console, const DumpCatalog& dump) {
  const auto loaded = load_config(options.config);
  if (!loaded.config) {
    console.err << to_text(loaded.problems);
    return kConfiguration;
  }
  const auto text = dump(*loaded.config);
  if (!text) {
    console.err << "portcullis: " << text.error().message << "\n";
    return kFailure;
  }
  if (!options.output) {
    console.out << *text;
    return kSuccess;
  }
  std::ofstream file(*options.output, std::ios::binary | std::ios::trunc);
  file << *text;
  file.close();
  if (!file) {
    console.err << "portcullis: cannot write \"" << options.output->string() << "\"\n";
    return kFailure;
  }
  return kSuccess;
}

}  // namespace portcullis::app
