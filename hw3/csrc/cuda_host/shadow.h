#pragma once
// Who touched each word of a range of memory last. Accesses of one or two bytes have cells of their
// own, per byte; a page remembers when it last had any, so that other accesses seldom ask for them.

#include <cstdint>

#include "cuda_host/reservation.h"

namespace needle::host {

/// One access: the thread and a time, as one number. Epochs count barriers and beginnings of blocks
/// since the program began, so an earlier launch, block, or barrier has smaller tags. Within one
/// epoch, `clock` counts the lane's meetings with other lanes of its warp; it begins with 1.
using Tag = std::uint64_t;

inline constexpr int kClockBits = 20;
inline constexpr int kThreadBits = 10;
inline constexpr Tag kMaxClock = (Tag{1} << kClockBits) - 1;

constexpr Tag make_tag(std::uint64_t epoch, unsigned thread, std::uint64_t clock) {
  return epoch << (kThreadBits + kClockBits) | Tag{thread} << kClockBits | clock;
}
constexpr unsigned thread_of(Tag tag) {
  return static_cast<unsigned>(tag >> kClockBits) & ((1u << kThreadBits) - 1);
}
constexpr Tag clock_of(Tag tag) {
  return tag & kMaxClock;
}

/// The accesses to one word, or to one byte, that a later one may conflict with. Two reads are
/// kept, by different threads: one alone may be that of the thread which writes next.
struct Cell {
  Tag write, atomic, read, other_read;
};

class Shadow {
 public:
  Shadow(const char* begin, std::size_t bytes)
      : begin_(begin),
        words_((bytes + 3) / 4 * sizeof(Cell)),
        bytes_(bytes * sizeof(Cell)),
        narrow_((bytes / kPage + 1) * sizeof(Tag)) {}

  Cell& word(std::uintptr_t address) const {
    return reinterpret_cast<Cell*>(words_.begin())[offset(address) / 4];
  }
  Cell& byte(std::uintptr_t address) const {
    return reinterpret_cast<Cell*>(bytes_.begin())[offset(address)];
  }
  /// The tag of the latest access of one or two bytes to the page.
  Tag& narrow(std::uintptr_t address) const {
    return reinterpret_cast<Tag*>(narrow_.begin())[offset(address) / kPage];
  }

  /// Gives back the memory for a range that nobody uses any more.
  void discard(std::uintptr_t address, std::size_t bytes) {
    words_.discard(offset(address) / 4 * sizeof(Cell), bytes / 4 * sizeof(Cell));
    bytes_.discard(offset(address) * sizeof(Cell), bytes * sizeof(Cell));
  }

 private:
  std::size_t offset(std::uintptr_t address) const {
    return address - reinterpret_cast<std::uintptr_t>(begin_);
  }

  const char* begin_;
  Reservation words_, bytes_, narrow_;
};

}  // namespace needle::host
