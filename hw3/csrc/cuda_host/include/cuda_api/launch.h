#pragma once
// The launch of a kernel. An error within the kernel is thrown from here, as std::runtime_error: a
// GPU would report it at some later call.

#include <tuple>
#include <utility>

#include "cuda_api/runtime_types.h"

namespace needle::host {

/// A kernel, its arguments, and how to call the one with the other.
struct Call {
  void (*kernel)();
  void (*run)(void (*kernel)(), void* arguments);
  void* arguments;
  std::size_t argument_bytes;
};

cudaError_t launch(const cudaLaunchConfig_t& config, const Call& call);

}  // namespace needle::host

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  using Values = std::tuple<Parameters...>;
  Values values(std::forward<Arguments>(arguments)...);
  const auto run = [](void (*erased)(), void* values) {
    std::apply(reinterpret_cast<void (*)(Parameters...)>(erased), *static_cast<Values*>(values));
  };
  return needle::host::launch(*config,
                              {reinterpret_cast<void (*)()>(kernel), run, &values, sizeof(Values)});
}
