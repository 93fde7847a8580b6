// Which loop does which elementwise operation.

#include "cpu/declare_table.h"
#include "cpu/isa.h"
#include "cpu/tiles.h"
#include "ops/elementwise_kernels.h"

namespace needle {

NEEDLE_DECLARE_TABLE(ElementwiseTable, elementwise_table)

namespace {

const ElementwiseTable& current_table() {
  return NEEDLE_CHOOSE(elementwise_table);
}

const Kernel& kernel_of(Unary op, DType dtype) {
  return current_table().unary[static_cast<int>(op)][static_cast<int>(dtype)];
}
const Kernel& kernel_of(Binary op, DType dtype) {
  return current_table().binary[static_cast<int>(op)][static_cast<int>(dtype)];
}

std::optional<DType> result_of(const Kernel& kernel) {
  if (kernel.loop == nullptr) return std::nullopt;
  return kernel.result;
}

}  // namespace

namespace device {

std::optional<DType> result_dtype(Unary op, DType dtype) {
  return result_of(kernel_of(op, dtype));
}
std::optional<DType> result_dtype(Binary op, DType dtype) {
  return result_of(kernel_of(op, dtype));
}

void evaluate(Unary op, DType dtype, const View& out, const Input& a) {
  needle::evaluate(kernel_of(op, dtype).loop, out, &a, 1);
}
void evaluate(Binary op, DType dtype, const View& out, const Input (&inputs)[2]) {
  needle::evaluate(kernel_of(op, dtype).loop, out, inputs, 2);
}

void choose(const View& out, const Input (&inputs)[3]) {
  needle::evaluate(current_table().where[static_cast<int>(out.dtype)], out, inputs, 3);
}

void convert(const View& out, DType from, const Input& a) {
  // Elements are only moved where they keep their dtype.
  const Loop loop = from == out.dtype
                        ? nullptr
                        : current_table().cast[static_cast<int>(from)][static_cast<int>(out.dtype)];
  needle::evaluate(loop, out, &a, 1);
}

}  // namespace device
}  // namespace needle
