#pragma once
// A place in a kernel's source where threads wait for each other.

namespace needle::host {

struct Where {
  const char* call;  // its address names the function: the compiler may merge equal texts
  const char* file;
  int line;
};

}  // namespace needle::host
