#pragma once
// The instruction sets for which kernels are compiled, and the choice among them at run time.

#include <string>
#include <vector>

namespace needle {

enum class Isa { baseline, avx2, avx512 };

/// The instruction sets that were compiled and that this processor has, "baseline" first.
std::vector<std::string> available_isas();

/// The one in use: at first the best that is available.
Isa current_isa();
std::string current_isa_name();

/// Chooses by name, for tests. Throws std::invalid_argument for one that is not available.
void set_isa(const std::string& name);

/// The table of the current instruction set.
///
/// Each family (elementwise, reduce, matmul) is one source file that is compiled once per
/// instruction set, in a namespace of its own, and exports a single function, its table. Only the
/// function of the chosen set is called: the others may contain what this processor lacks.
template <class Table>
const Table& choose(const Table& (*baseline)(), const Table& (*avx2)(), const Table& (*avx512)()) {
  switch (current_isa()) {
    case Isa::avx512:
      return avx512();
    case Isa::avx2:
      return avx2();
    default:
      return baseline();
  }
}

}  // namespace needle

/// `NEEDLE_CHOOSE(matmul_table)` is the current one of the functions of that name.
#if defined(__x86_64__)
#define NEEDLE_CHOOSE(table) needle::choose(&baseline::table, &avx2::table, &avx512::table)
#else
#define NEEDLE_CHOOSE(table) baseline::table()
#endif
