#pragma once
// Shapes, strides and the ways through them. All sizes are in elements, none in bytes.

#include <algorithm>
#include <cstdint>
#include <string>

namespace needle {

inline constexpr int kMaxDims = 32;

[[noreturn]] void fail_too_many_axes(std::int64_t ndim);

/// A few numbers, one for each axis: a shape or strides. Never allocates.
class Dims {
 public:
  Dims() = default;
  explicit Dims(int size, std::int64_t value = 0) {
    resize(size);
    for (int axis = 0; axis < size; ++axis) values_[axis] = value;
  }

  // Copies what is used only: a few numbers instead of 32.
  Dims(const Dims& other) : size_(other.size_) { std::copy_n(other.values_, other.size_, values_); }
  Dims& operator=(const Dims& other) {
    size_ = other.size_;
    std::copy_n(other.values_, other.size_, values_);
    return *this;
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

  /// Sets the number of axes; new ones are not initialised. Throws std::invalid_argument above 32.
  void resize(int size) {
    if (size > kMaxDims) fail_too_many_axes(size);
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

/// Whether the elements follow each other in row-major order without gaps. Strides of axes of size
/// 1 say nothing, nor do those of an empty view.
bool is_compact(const Dims& shape, const Dims& strides);

/// The smallest and largest offset that a view reaches, relative to its first element; both
/// inclusive. An empty view reaches nothing: its `high` is below its `low`.
struct Reach {
  std::int64_t low = 0, high = 0;
};
/// Throws std::invalid_argument if they do not fit into 64 bits.
Reach reach(const Dims& shape, const Dims& strides);

/// Throws std::invalid_argument, naming the values, unless every element of the view lies inside of
/// a buffer of `capacity` elements. An empty view lies in every buffer. Safe for every int64,
/// overflow included.
void check_view(const Dims& shape, const Dims& strides, std::int64_t offset, std::int64_t capacity);

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

/// Makes loops as short as possible without changing which elements meet: axes of size 1 are
/// dropped, axes are put in the order of falling strides (without their signs) of the first
/// operand, the result, and neighbours that are one for every operand are merged. No axis is left
/// for a single element, one of size 0 for none. Only for work whose order does not matter.
void simplify(Dims& shape, Dims* strides, int operands);

template <int N>
void simplify(Loops<N>& loops) {
  simplify(loops.shape, loops.strides, N);
}

}  // namespace needle
