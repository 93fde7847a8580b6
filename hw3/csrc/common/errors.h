#pragma once
// The errors that Python's exceptions are made of; invalid_argument becomes ValueError and
// out_of_range IndexError without further help.

#include <new>
#include <stdexcept>
#include <string>
#include <utility>

namespace needle {

/// An argument of the wrong type, or a dtype that an operation does not have: Python's TypeError.
class TypeError : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

/// Memory that there is not: Python's MemoryError, with a message.
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::string message) : message_(std::move(message)) {}
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  std::string message_;
};

}  // namespace needle
