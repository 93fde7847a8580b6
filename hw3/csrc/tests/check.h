#pragma once
// A test runner in a page: tests register themselves, `CHECK` reports and goes on.

#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace needle::tests {

struct Test {
  const char* name;
  void (*run)();
};

inline std::vector<Test>& all_tests() {
  static std::vector<Test> tests;
  return tests;
}

inline int failures = 0;

struct Registration {
  Registration(const char* name, void (*run)()) { all_tests().push_back({name, run}); }
};

inline void check(bool condition, const char* text, const char* file, int line) {
  if (condition) return;
  ++failures;
  std::cerr << file << ":" << line << ": " << text << "\n";
}

/// Whether `action` throws `Error` with a message that contains `part`.
template <class Error, class Action>
bool throws(Action action, const std::string& part) {
  try {
    action();
  } catch (const Error& error) {
    return std::string(error.what()).find(part) != std::string::npos;
  }
  return false;
}

}  // namespace needle::tests

#define CHECK(condition) needle::tests::check((condition), #condition, __FILE__, __LINE__)
#define TEST(name)                                                       \
  static void name();                                                    \
  static const needle::tests::Registration register_##name(#name, name); \
  static void name()
