// Runs the tests whose names contain the argument, or all.

#include <string>

#include "check.h"

int main(int count, char** arguments) {
  using namespace needle::tests;
  const std::string wanted = count > 1 ? arguments[1] : "";
  int run = 0;
  for (const Test& test : all_tests()) {
    if (std::string(test.name).find(wanted) == std::string::npos) continue;
    ++run;
    const int before = failures;
    try {
      test.run();
    } catch (const std::exception& error) {
      ++failures;
      std::cerr << test.name << " threw: " << error.what() << "\n";
    }
    std::cout << (failures == before ? "ok   " : "FAIL ") << test.name << "\n";
  }
  std::cout << run << " tests, " << failures << " failures\n";
  return failures == 0 && run > 0 ? 0 : 1;
}
