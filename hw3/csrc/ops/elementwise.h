#pragma once
// Operations on every element alone: those of common/ops.def, and `where`.
//
// Operands broadcast, have any strides, and are of one dtype. All functions throw TypeError for
// dtypes that an operation has not, std::invalid_argument for shapes that do not broadcast.

#include "ops/input.h"
#include "ops/operations.h"

namespace needle {

View unary(Unary op, const View& a);
View binary(Binary op, const View& a, const View& b);

/// `a op value`, or `value op a` if `reflected`; the value's dtype is that of `a`.
View binary_scalar(Binary op, const View& a, const Number& value, bool reflected);

/// Writes `a op b` into `out`, which may overlap them: they are read first. `out` has the dtype of
/// the result and a shape that the operands broadcast to, and is writable.
void binary_into(Binary op, const View& out, const View& a, const View& b);

/// `a` where the condition (of dtype bool) is true, elsewhere `b`.
View where(const View& condition, const View& a, const View& b);

}  // namespace needle
