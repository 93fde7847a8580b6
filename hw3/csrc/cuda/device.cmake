# The extension `_cuda`, by nvcc. It loads without a driver, and says then that it has none.

if(NOT DEFINED CMAKE_CUDA_ARCHITECTURES AND NOT DEFINED ENV{CUDAARCHS})
  # Code of each architecture, and of the newest one in a form that later GPUs translate.
  set(CMAKE_CUDA_ARCHITECTURES 75-real 80-real 90)
endif()
set(CMAKE_CUDA_RUNTIME_LIBRARY Static)
set(CMAKE_CUDA_VISIBILITY_PRESET hidden)
enable_language(CUDA)
find_package(CUDAToolkit REQUIRED)
if(NOT CMAKE_CUDA20_STANDARD_COMPILE_OPTION)  # CMake 3.25 does not know that nvcc can do C++20
  set(CMAKE_CUDA20_STANDARD_COMPILE_OPTION -std=c++20)
  set(CMAKE_CUDA20_EXTENSION_COMPILE_OPTION -std=c++20)
endif()
set(CMAKE_CUDA_STANDARD 20)

add_library(needle_cuda_kernels OBJECT ${needle_cuda_kernels} ${needle_cuda_sort})
target_compile_options(needle_cuda_kernels PRIVATE
  --threads=0 -Xcompiler=-Wall,-Wextra
  # Profilers show lines of the source; kernels take twice the space.
  $<$<CONFIG:Debug,RelWithDebInfo>:-lineinfo>
  $<$<VERSION_GREATER_EQUAL:$<CUDA_COMPILER_VERSION>,13>:--compress-mode=size>
  -diag-suppress=186  # an unsigned number in a template is compared with 0
  "$<$<BOOL:${NEEDLE_WERROR}>:-Werror=all-warnings;-Xptxas=-warn-spills,-Werror>")

add_library(needle_cuda STATIC ${needle_cuda_host_part} $<TARGET_OBJECTS:needle_cuda_kernels>)
target_compile_options(needle_cuda PRIVATE "$<$<BOOL:${NEEDLE_WERROR}>:-Werror>")
foreach(part needle_cuda needle_cuda_kernels)
  target_compile_definitions(${part} PRIVATE NEEDLE_CUDA NEEDLE_ISA=cuda)
  target_link_libraries(${part} PUBLIC CUDA::cudart_static)
endforeach()

needle_add_module(_cuda ${needle_cuda_bindings})
target_link_libraries(_cuda PRIVATE needle_cuda)
install(TARGETS _cuda DESTINATION needle_hw3)

# What each kernel takes: registers, shared memory, spills.
find_package(Python COMPONENTS Interpreter)
set_target_properties(needle_cuda_kernels PROPERTIES EXPORT_COMPILE_COMMANDS ON)
add_custom_target(cuda_resources
  COMMAND ${Python_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/resources.py ${CMAKE_BINARY_DIR} sm_90
  USES_TERMINAL VERBATIM)
