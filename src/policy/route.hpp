// How an effect came about, in words.
#pragma once

#include <string>

#include "portcullis/catalog/resolution.hpp"

namespace portcullis::policy {

// "through view app.people", "by ON DELETE CASCADE from app.customers, through partition app.t_2024"; empty
// for what stands in the statement. From the effect back to the statement, the nearest steps only where there
// are many.
[[nodiscard]] std::string route_of(const catalog::Resolution& resolution,
                                   const catalog::ResolvedEffect& effect);

}  // namespace portcullis::policy
