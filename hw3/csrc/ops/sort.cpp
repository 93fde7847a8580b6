#include "ops/sort.h"

#include "ops/reduce.h"
#include "ops/sort_kernels.h"

namespace needle {

View sort(const View& a, std::int64_t axis, bool descending) {
  check_axis(axis, a.ndim());
  const View result = View::empty(a.dtype, a.shape);
  if (a.size() > 0) device::sort(a, static_cast<int>(axis), descending, result);
  return result;
}

View argsort(const View& a, std::int64_t axis, bool descending) {
  check_axis(axis, a.ndim());
  const View result = View::empty(DType::int64, a.shape);
  if (a.size() > 0) device::argsort(a, static_cast<int>(axis), descending, result);
  return result;
}

}  // namespace needle
