// The choice of the instruction set.

#include <stdexcept>
#include <string>
#include <vector>

#include "check.h"
#include "cpu/isa.h"

namespace {

struct Table {
  std::string name;
};

template <int Which>
const Table& table() {
  static const Table made{Which == 0 ? "baseline" : Which == 1 ? "avx2" : "avx512"};
  return made;
}

}  // namespace

TEST(every_available_set_can_be_chosen_and_is_used) {
  const std::string before = needle::current_isa_name();
  const std::vector<std::string> names = needle::available_isas();
  CHECK(before == names.back());  // the best, at first
  for (const std::string& name : names) {
    needle::set_isa(name);
    CHECK(needle::current_isa_name() == name);
    const Table& chosen = needle::choose(&table<0>, &table<1>, &table<2>);
    CHECK(chosen.name == (name == "neon" ? "baseline" : name));
  }
  needle::set_isa(before);
}

TEST(a_set_that_is_not_there_is_refused) {
  const std::string before = needle::current_isa_name();
  for (const char* name : {"", "sse9", "AVX2"}) {
    CHECK(needle::tests::throws<std::invalid_argument>([&] { needle::set_isa(name); },
                                                       std::string("'").append(name) + "'"));
  }
  CHECK(needle::current_isa_name() == before);
}
