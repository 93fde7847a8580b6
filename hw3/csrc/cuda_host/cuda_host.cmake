# Kernels that run on the host.
#
#   include(.../cuda_host/cuda_host.cmake)
#   target_link_libraries(TARGET PRIVATE needle_cuda_host)
#   needle_cuda_host_sources(TARGET a.cu b.cu)
#
# The target's sources find cuda_runtime.h in here; those that are named are compiled so that each
# access to memory is checked. That holds for the whole directory (a CMakeLists.txt): no target in
# it can compile the same files with nvcc.

if(NOT TARGET needle_cuda_host)
  find_package(Threads REQUIRED)
  set(here ${CMAKE_CURRENT_LIST_DIR})
  add_library(needle_cuda_host STATIC
    ${here}/atomics.cpp ${here}/block.cpp ${here}/block_report.cpp ${here}/checker.cpp
    ${here}/checker_report.cpp ${here}/fibers.cpp ${here}/kernel_calls.cpp ${here}/launch.cpp
    ${here}/memory.cpp ${here}/module.cpp ${here}/order.cpp ${here}/runtime_devices.cpp
    ${here}/runtime_memory.cpp ${here}/runtime_streams.cpp ${here}/symbols.cpp
    ${here}/threads.cpp ${here}/tsan.cpp ${here}/tsan_atomics.cpp ${here}/ubsan.cpp
    ${here}/warps.cpp)
  target_compile_features(needle_cuda_host PUBLIC cxx_std_20)
  # Always optimised: it runs for each access to memory. Its own names are the sanitizer's.
  target_compile_options(needle_cuda_host PRIVATE -Wall -Wextra -O2)
  set_target_properties(needle_cuda_host PROPERTIES
    POSITION_INDEPENDENT_CODE ON CXX_VISIBILITY_PRESET hidden)
  target_include_directories(needle_cuda_host PUBLIC ${here}/.. ${here}/include)
  target_link_libraries(needle_cuda_host PUBLIC Threads::Threads ${CMAKE_DL_LIBS})
endif()

# -O1: nothing is vectorised, and no loop becomes a call of memset, which nobody would check.
# -fsanitize=alignment: processors of today read vectors wherever they lie, GPUs do not.
# -fno-strict-aliasing: kernels load several numbers as one float4 or uint4.
set(NEEDLE_CUDA_HOST_FLAGS
  -O1 -fsanitize=thread -fsanitize=alignment -fno-strict-aliasing -Wno-unknown-pragmas
  $<$<CXX_COMPILER_ID:GNU>:--param=tsan-instrument-func-entry-exit=0>
  $<$<CXX_COMPILER_ID:Clang>:-mllvm=-tsan-instrument-func-entry-exit=0>)

function(needle_cuda_host_sources target)
  foreach(source IN LISTS ARGN)
    # GCC knows no .cu: the language is said twice.
    set_source_files_properties(${source} PROPERTIES
      LANGUAGE CXX COMPILE_OPTIONS "-xc++;${NEEDLE_CUDA_HOST_FLAGS}")
    target_sources(${target} PRIVATE ${source})
  endforeach()
endfunction()
