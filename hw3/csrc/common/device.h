#pragma once
// Which device a thread works on, where there are several of one kind.

namespace needle::device {

/// Makes a device the current one of this thread: new arrays are made there. Every kind of device
/// defines it; std::invalid_argument if there is none of that number.
void use(int device);

}  // namespace needle::device
