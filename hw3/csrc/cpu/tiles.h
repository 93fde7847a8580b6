#pragma once
// How elementwise work is done on operands of any strides.
//
// Inner loops know only elements without gaps. An operand that has no gaps is read where it lies;
// another one is packed, tile by tile, into a buffer that stays in the cache: repeated elements,
// steps, and transposed axes alike. So no operand is ever copied as a whole.

#include "cpu/elementwise_table.h"
#include "ops/input.h"

namespace needle {

/// out[i] = loop(inputs[0][i], ...) for every place i of `out`. Without a loop, elements are
/// copied; then there is one input, of the same item size. An input may share the elements of `out`
/// place by place, but not overlap it otherwise.
void evaluate(Loop loop, const View& out, const Input* inputs, int count);

}  // namespace needle
