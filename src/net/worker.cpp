#include "net/worker.hpp"

#include "net/context_thread.hpp"

namespace portcullis::net {

void Worker::start() {
  thread_ = run_on_thread(context_, "a worker");
}

}  // namespace portcullis::net
