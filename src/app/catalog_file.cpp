#include "app/catalog_file.hpp"

#include <fstream>
#include <iterator>
#include <string>

#include "catalog/snapshot_builder.hpp"

namespace portcullis::app {

base::Result<std::shared_ptr<const catalog::Snapshot>> read_catalog(
    const std::optional<std::filesystem::path>& file) {
  if (!file) return std::shared_ptr<const catalog::Snapshot>();
  std::ifstream in(*file, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(in), {});
  if (!in) {
    return base::Error{base::sqlstate::io_error, "cannot read the catalog file \"" + file->string() + "\""};
  }
  auto snapshot = catalog::read_dump(text);
  if (!snapshot) {
    return base::Error{snapshot.error().code, file->string() + ": " + snapshot.error().message};
  }
  return snapshot;
}

}  // namespace portcullis::app
