// The table of the reductions: compiled once per instruction set, as NEEDLE_ISA.

#include "cpu/reduce_loops.h"

namespace needle::NEEDLE_ISA {
namespace {

// The members of these lists are in the order of DType. Whole numbers are added and multiplied as
// unsigned ones, which wrap around by the rules of the language.

#define NEEDLE_TOTAL(Op)                                                        \
  {Loops<Op, uint8_t, uint64_t>::kernel, Loops<Op, uint8_t, uint64_t>::kernel,  \
   Loops<Op, int32_t, uint64_t>::kernel, Loops<Op, uint64_t, uint64_t>::kernel, \
   Loops<Op, float, float>::kernel,      Loops<Op, double, double>::kernel}
#define NEEDLE_EXTREME(Op)                                                   \
  {Loops<Op, uint8_t, uint8_t>::kernel, Loops<Op, uint8_t, uint8_t>::kernel, \
   Loops<Op, int32_t, int32_t>::kernel, Loops<Op, int64_t, int64_t>::kernel, \
   Loops<Op, float, float>::kernel,     Loops<Op, double, double>::kernel}
#define NEEDLE_TRUTH(Op)                                                     \
  {Loops<Op, uint8_t, uint8_t>::kernel, Loops<Op, uint8_t, uint8_t>::kernel, \
   Loops<Op, int32_t, uint8_t>::kernel, Loops<Op, int64_t, uint8_t>::kernel, \
   Loops<Op, float, uint8_t>::kernel,   Loops<Op, double, uint8_t>::kernel}

constexpr ReduceTable kTable = {{NEEDLE_TOTAL(Sum), NEEDLE_TOTAL(Prod), NEEDLE_EXTREME(Max),
                                 NEEDLE_EXTREME(Min), NEEDLE_TRUTH(Any), NEEDLE_TRUTH(All)}};

}  // namespace

const ReduceTable& reduce_table() {
  return kTable;
}

}  // namespace needle::NEEDLE_ISA
