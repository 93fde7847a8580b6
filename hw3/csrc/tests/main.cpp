// Runs all tests; the argument, if there is one, is the path of a report in JUnit's format.

#include <fstream>

#include "check.h"

namespace {

using needle::tests::Test;

bool passes(const Test& test) {
  const int before = needle::tests::failures;
  try {
    test.run();
  } catch (const std::exception& error) {
    std::cerr << test.name << " threw: " << error.what() << "\n";
    return false;
  }
  return needle::tests::failures == before;
}

}  // namespace

int main(int count, char** arguments) {
  std::size_t failed = 0;
  for (const Test& test : needle::tests::all_tests()) {
    if (passes(test)) continue;
    ++failed;
    std::cerr << "FAILED: " << test.name << "\n";
  }
  const std::size_t total = needle::tests::all_tests().size();
  std::cout << total - failed << " passed, " << failed << " failed\n";
  if (count > 1) {
    std::ofstream(arguments[1]) << "<testsuite name=\"C++\" tests=\"" << total << "\" failures=\""
                                << failed << "\"/>\n";
  }
  return failed == 0 ? 0 : 1;
}
