// Which kernel does which elementwise operation.

#include <cstring>

#include "cuda/check.h"
#include "cuda/devices.h"
#include "cuda/elementwise_job.h"
#include "ops/elementwise_kernels.h"

namespace needle {
namespace cuda {
namespace {

const KernelOf<Launcher>& kernel_of(Unary op, DType dtype) {
  return unary_table().rows[static_cast<int>(op)][static_cast<int>(dtype)];
}
const KernelOf<Launcher>& kernel_of(Binary op, DType dtype) {
  return binary_table().rows[static_cast<int>(op)][static_cast<int>(dtype)];
}

std::optional<DType> result_of(const KernelOf<Launcher>& kernel) {
  if (kernel.loop == nullptr) return std::nullopt;
  return kernel.result;
}

/// Moves elements as they are.
void copy_elements(const View& out, const Input& in) {
  if (!in.is_number && out.size() > 0) {
    Loops<2> loops = {out.shape, {out.strides, in.strides}};
    simplify(loops);
    const int axes = loops.shape.size();
    if (axes == 0 || (axes == 1 && loops.strides[0][0] == 1 && loops.strides[1][0] == 1)) {
      const auto bytes = static_cast<std::size_t>(out.size() * in.item_size);
      NEEDLE_CUDA_CHECK(
          cudaMemcpyAsync(out.bytes(), in.data, bytes, cudaMemcpyDeviceToDevice, stream()));
      return;
    }
    if (transpose(out.dtype, out.bytes(), in.data, loops)) return;
  }
  run("copy", moves_table().copy[static_cast<int>(out.dtype)], out, &in, 1);
}

}  // namespace

void run(const char* name, Launcher launcher, const View& out, const Input* inputs, int count) {
  if (out.size() == 0) return;
  Job job;
  job.name = name;
  job.data[0] = out.bytes();
  job.loops.shape = out.shape;
  job.loops.strides[0] = out.strides;
  std::int64_t sizes[Job::kOperands] = {static_cast<std::int64_t>(item_size(out.dtype))};
  for (int n = 1; n < Job::kOperands; ++n) {
    if (n > count) {
      job.loops.strides[n] = Dims(out.ndim(), 0);
      continue;
    }
    const Input& input = inputs[n - 1];
    sizes[n] = input.item_size;
    job.loops.strides[n] = input.strides;
    if (input.is_number) {
      std::memcpy(job.numbers[n], input.data, static_cast<std::size_t>(input.item_size));
    } else {
      job.data[n] = const_cast<char*>(input.data);
    }
  }
  simplify(job.loops);
  if (out.size() <= kMostPlaces) return launcher(job);
  const std::int64_t starts_at[Job::kOperands] = {};
  for_each_part(job.loops, starts_at, [&](const auto& loops, const auto& starts) {
    Job part = job;
    part.loops = loops;
    for (int n = 0; n < Job::kOperands; ++n) {
      if (part.data[n] != nullptr) part.data[n] += starts[n] * sizes[n];
    }
    launcher(part);
  });
}

}  // namespace cuda

namespace device {

std::optional<DType> result_dtype(Unary op, DType dtype) {
  return cuda::result_of(cuda::kernel_of(op, dtype));
}
std::optional<DType> result_dtype(Binary op, DType dtype) {
  return cuda::result_of(cuda::kernel_of(op, dtype));
}

void evaluate(Unary op, DType dtype, const View& out, const Input& a) {
  cuda::run(kUnaryNames[static_cast<int>(op)], cuda::kernel_of(op, dtype).loop, out, &a, 1);
}
void evaluate(Binary op, DType dtype, const View& out, const Input (&inputs)[2]) {
  cuda::run(kBinaryNames[static_cast<int>(op)], cuda::kernel_of(op, dtype).loop, out, inputs, 2);
}

void choose(const View& out, const Input (&inputs)[3]) {
  cuda::run("where", cuda::moves_table().where[static_cast<int>(out.dtype)], out, inputs, 3);
}

void convert(const View& out, DType from, const Input& a) {
  if (from == out.dtype) return cuda::copy_elements(out, a);
  const cuda::Launcher cast =
      cuda::moves_table().cast[static_cast<int>(from)][static_cast<int>(out.dtype)];
  cuda::run("cast", cast, out, &a, 1);
}

}  // namespace device
}  // namespace needle
