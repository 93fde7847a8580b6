# What every kind of device is made of: arrays, and the checks and results of operations. It calls
# kernels that it does not have: a module is linked from it and the kernels of one device.
set(needle_common
  ${CMAKE_CURRENT_LIST_DIR}/common/allocator.cpp
  ${CMAKE_CURRENT_LIST_DIR}/common/buffer.cpp
  ${CMAKE_CURRENT_LIST_DIR}/common/layout.cpp
  ${CMAKE_CURRENT_LIST_DIR}/common/view.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ops/conv_window.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ops/elementwise.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ops/matmul_tiled.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ops/movement.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ops/reduce.cpp
  ${CMAKE_CURRENT_LIST_DIR}/ops/sort.cpp)

# How Python sees it; bind_view.cpp belongs to one module, as its types have the module's name.
set(needle_bindings
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_conv.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_device.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_elementwise.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_indexing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_layers.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_making.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_matmul.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_movement.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_pool.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_reduce.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_sort.cpp)

# The CUDA device: the host's part, and what nvcc compiles.
set(needle_cuda_host_part
  ${CMAKE_CURRENT_LIST_DIR}/cuda/check.cpp
  ${CMAKE_CURRENT_LIST_DIR}/cuda/devices.cpp
  ${CMAKE_CURRENT_LIST_DIR}/cuda/elementwise.cpp
  ${CMAKE_CURRENT_LIST_DIR}/cuda/launch.cpp
  ${CMAKE_CURRENT_LIST_DIR}/cuda/memory.cpp
  ${CMAKE_CURRENT_LIST_DIR}/cuda/missing.cpp
  ${CMAKE_CURRENT_LIST_DIR}/cuda/reduce.cpp
  ${CMAKE_CURRENT_LIST_DIR}/cuda/transfer.cpp)
set(needle_cuda_kernels
  ${CMAKE_CURRENT_LIST_DIR}/cuda/cumulative.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/elementwise_binary.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/elementwise_moves.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/elementwise_unary.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/reduce_argument.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/reduce_extremes.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/reduce_totals.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/reduce_truth.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/sort.cu
  ${CMAKE_CURRENT_LIST_DIR}/cuda/transpose.cu)
# By a library of CUDA's, which does not run on the host: cuda_host/sort_pairs.cpp does there.
set(needle_cuda_sort ${CMAKE_CURRENT_LIST_DIR}/cuda/sort_cub.cu)
set(needle_cuda_bindings
  ${CMAKE_CURRENT_LIST_DIR}/bind/bind_view.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/cuda_module.cpp
  ${CMAKE_CURRENT_LIST_DIR}/bind/cuda_numpy.cpp)
