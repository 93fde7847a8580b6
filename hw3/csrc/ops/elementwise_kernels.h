#pragma once
// What a device does for elementwise.cpp and movement.cpp, which have checked the operands.
//
// An input may be the elements of `out` place by place, but not overlap it otherwise. Results may
// have any strides in which no element is repeated.

#include <optional>

#include "ops/input.h"
#include "ops/operations.h"

namespace needle::device {

/// The dtype of the result, or none if the operation has not this dtype.
std::optional<DType> result_dtype(Unary op, DType dtype);
std::optional<DType> result_dtype(Binary op, DType dtype);

/// out[i] = op(inputs[0][i], ...) at every place i of `out`, for inputs of `dtype`.
void evaluate(Unary op, DType dtype, const View& out, const Input& a);
void evaluate(Binary op, DType dtype, const View& out, const Input (&inputs)[2]);

/// out[i] = inputs[0][i] ? inputs[1][i] : inputs[2][i], the first of them of bools.
void choose(const View& out, const Input (&inputs)[3]);

/// out[i] = a[i], converted from the dtype `from`.
void convert(const View& out, DType from, const Input& a);

}  // namespace needle::device
