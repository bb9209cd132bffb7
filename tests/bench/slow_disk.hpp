// A directory whose syncs take a time of one's choice instead of the disk's.
#pragma once

#include <chrono>
#include <memory>

#include "audit/storage.hpp"

namespace portcullis::bench {

// Nothing but sync() is changed; it syncs nothing.
[[nodiscard]] std::unique_ptr<audit::Storage> with_sync_delay(std::unique_ptr<audit::Storage> storage,
                                                              std::chrono::microseconds delay);

}  // namespace portcullis::bench
