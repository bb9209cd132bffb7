// What statements are judged by: the policy, bound to the catalog as it is now. Where sessions get it from,
// and where they say that they are about to change the catalog.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>

#include "guard/guard.hpp"
#include "portcullis/catalog/snapshot.hpp"

namespace portcullis::session {

// A value, shared by all threads.
struct Basis {
  std::shared_ptr<const guard::Guard> guard;          // never null
  std::shared_ptr<const catalog::Snapshot> snapshot;  // null: names stand for whatever they could mean
};

// All functions may be called from any thread.
class BasisSource {
 public:
  virtual ~BasisSource() = default;

  // Null while there is none to judge by: no catalog was read yet, the last one is too old to be trusted, or
  // a change is under way and the catalog was not read again since.
  [[nodiscard]] virtual std::shared_ptr<const Basis> current() const = 0;

  // The newest that there was, by the policy in force, however old or doubtful its catalog is; null without
  // any. Fit to observe by, not to judge by.
  [[nodiscard]] virtual std::shared_ptr<const Basis> last() const { return current(); }

  // How long ago the catalog of current() was last known to be what the database has.
  [[nodiscard]] virtual std::chrono::milliseconds age() const = 0;

  // Around a message that may change the catalog: before its bytes go to the server, and once the server has
  // said how it ended. Every begin needs its end, also when the session is lost in between.
  virtual void begin_change() = 0;
  virtual void end_change() = 0;

  // Has the server asked whether the catalog has changed. The number of the asking: once answered() has
  // reached it, current() is at least as new as this call.
  virtual std::uint64_t ask_again() = 0;
  [[nodiscard]] virtual std::uint64_t answered() const = 0;
};

// A change of the catalog that is under way, for as long as this lives.
class CatalogChange {
 public:
  explicit CatalogChange(BasisSource& source) : source_(source) { source_.begin_change(); }
  ~CatalogChange() { source_.end_change(); }
  CatalogChange(const CatalogChange&) = delete;
  CatalogChange& operator=(const CatalogChange&) = delete;

 private:
  BasisSource& source_;
};

}  // namespace portcullis::session
