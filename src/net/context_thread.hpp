// A thread that reads statements and runs a context.
#pragma once

#include <memory>
#include <string>

#include "base/big_stack_thread.hpp"
#include "net/asio_prefix.hpp"

namespace portcullis::net {

// Until the context has no more work. Who waits for something gets its exceptions; whatever still gets here
// is logged as "`who` met an unexpected error", and the others go on.
[[nodiscard]] std::unique_ptr<base::BigStackThread> run_on_thread(asio::io_context& context, std::string who);

}  // namespace portcullis::net
