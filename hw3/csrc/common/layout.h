#pragma once
// Shapes, strides and the ways through them. All sizes are in elements, none in bytes.

#include <cstdint>
#include <stdexcept>
#include <string>

namespace needle {

inline constexpr int kMaxDims = 32;

/// A few numbers, one for each axis: a shape or strides. Never allocates.
class Dims {
 public:
  Dims() = default;
  explicit Dims(int size, std::int64_t value = 0) {
    resize(size);
    for (int axis = 0; axis < size; ++axis) values_[axis] = value;
  }

  int size() const { return size_; }
  std::int64_t& operator[](int axis) { return values_[axis]; }
  std::int64_t operator[](int axis) const { return values_[axis]; }
  const std::int64_t* begin() const { return values_; }
  const std::int64_t* end() const { return values_ + size_; }

  void push_back(std::int64_t value) {
    resize(size_ + 1);
    values_[size_ - 1] = value;
  }

  /// Sets the number of axes; new ones are not initialised.
  void resize(int size) {
    if (size > kMaxDims) {
      throw std::invalid_argument("an array has at most 32 axes, not " + std::to_string(size));
    }
    size_ = size;
  }

  friend bool operator==(const Dims& a, const Dims& b) {
    if (a.size_ != b.size_) return false;
    for (int axis = 0; axis < a.size_; ++axis) {
      if (a.values_[axis] != b.values_[axis]) return false;
    }
    return true;
  }

 private:
  int size_ = 0;
  std::int64_t values_[kMaxDims];
};

/// "(2, 3)", as Python writes a tuple.
std::string to_string(const Dims& dims);

/// The number of elements of `shape`. Throws std::invalid_argument for a negative size, and if the
/// product of the sizes other than 0 is above 2^62, as nothing can have that many.
std::int64_t count(const Dims& shape);

/// The strides of a row-major array of `shape` without gaps.
Dims compact_strides(const Dims& shape);

bool is_compact(const Dims& shape, const Dims& strides);

/// The smallest and largest offset that a view reaches, relative to its first element.
struct Reach {
  std::int64_t low = 0, high = 0;  // both inclusive; of an empty view nothing is reached
};
Reach reach(const Dims& shape, const Dims& strides);

/// Throws std::invalid_argument, naming the values, unless every element of the view lies inside of
/// a buffer of `capacity` elements. Safe for every int64, overflow included.
void check_view(const Dims& shape, const Dims& strides, std::int64_t offset,
                std::int64_t capacity);

/// The shape that `a` and `b` broadcast to. Throws std::invalid_argument naming the axis.
Dims broadcast(const Dims& a, const Dims& b);

/// The strides with which a view of `shape` and `strides` is read as `target`: 0 where it repeats.
/// Throws std::invalid_argument unless it broadcasts to `target`.
Dims broadcast_strides(const Dims& shape, const Dims& strides, const Dims& target);

/// A shape shared by N operands, and the strides of each.
template <int N>
struct Loops {
  Dims shape;
  Dims strides[N];
};

/// Makes `loops` as short as possible without changing which elements meet: axes of size 1 are
/// dropped, axes are put in the order of falling strides of the first operand (the result), and
/// neighbours that are one for every operand are merged. Only for work whose order does not matter.
template <int N>
void simplify(Loops<N>& loops);

}  // namespace needle
