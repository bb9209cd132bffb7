// A value or an Error. Result<void> says only whether it worked.
#pragma once

#include <boost/system/result.hpp>

#include "portcullis/base/error.hpp"

namespace portcullis::base {

template <class T>
using Result = boost::system::result<T, Error>;

}  // namespace portcullis::base
