#include "net/password_salting.hpp"

#include <functional>
#include <utility>

#include "net/elsewhere.hpp"

namespace portcullis::net {

asio::awaitable<base::Secret> PasswordSalting::compute(const auth::Salting& what) {
  std::function<base::Secret()> work = [this, what] {
    const auto* known = computed_.find(what.password, what.salt, what.iterations);
    if (known != nullptr) return *known;
    base::Secret salted = auth::salted_password(what);
    computed_.keep(what.password, what.salt, what.iterations, salted);
    return salted;
  };
  base::Secret salted = co_await run_elsewhere(thread_.get_executor(), std::move(work));
  co_return salted;
}

}  // namespace portcullis::net
