#pragma once
// Inner loops are compiled once for each instruction set, in a namespace named after it, which
// exports one function: the table of its loops. `NEEDLE_CHOOSE` of isa.h takes the current one.

/// Declares `const Table& name();` in the namespace of each instruction set.
#define NEEDLE_DECLARE_TABLE(Table, name) \
  namespace baseline {                    \
  const Table& name();                    \
  }                                       \
  namespace avx2 {                        \
  const Table& name();                    \
  }                                       \
  namespace avx512 {                      \
  const Table& name();                    \
  }
