// The public Progress interface under the names that the layers below the engine use.
#pragma once

#include "pgstrata/progress.hpp"

namespace pgstrata::report {

using pgstrata::FillProgress;
using pgstrata::Progress;

}  // namespace pgstrata::report
