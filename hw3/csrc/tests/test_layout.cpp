// Layout maths against brute force: every element of small shapes, and numbers near the ends of 64
// bits.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <random>
#include <stdexcept>
#include <vector>

#include "check.h"
#include "common/layout.h"

namespace {

using needle::Dims;
using needle::Loops;
using needle::tests::throws;

constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kLeast = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kBig = std::int64_t{1} << 40;

Dims dims(std::initializer_list<std::int64_t> values) {
  Dims result;
  for (std::int64_t value : values) result.push_back(value);
  return result;
}

using Offsets = std::vector<std::int64_t>;

/// For each element, in row-major order, the offset into each operand.
std::vector<Offsets> walk(const Dims& shape, const std::vector<Dims>& strides) {
  std::vector<Offsets> result;
  for (int axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] == 0) return result;
  }
  std::vector<std::int64_t> index(shape.size(), 0);
  while (true) {
    Offsets offsets;
    for (const Dims& steps : strides) {
      std::int64_t offset = 0;
      for (int axis = 0; axis < shape.size(); ++axis) offset += index[axis] * steps[axis];
      offsets.push_back(offset);
    }
    result.push_back(offsets);
    int axis = shape.size() - 1;
    while (axis >= 0 && ++index[axis] == shape[axis]) index[axis--] = 0;
    if (axis < 0) return result;
  }
}

class Random {
 public:
  std::int64_t in(std::int64_t low, std::int64_t high) {
    return std::uniform_int_distribution<std::int64_t>(low, high)(generator_);
  }
  Dims dims(int size, std::int64_t low, std::int64_t high) {
    Dims result(size);
    for (int axis = 0; axis < size; ++axis) result[axis] = in(low, high);
    return result;
  }

 private:
  std::mt19937_64 generator_{7};
};

}  // namespace

TEST(count_multiplies_and_refuses_what_cannot_be) {
  CHECK(needle::count(dims({})) == 1);
  CHECK(needle::count(dims({2, 3, 4})) == 24);
  CHECK(needle::count(dims({2, 0, 4})) == 0);
  CHECK(needle::count(dims({std::int64_t{1} << 62})) == std::int64_t{1} << 62);
  const auto count_of = [](const Dims& shape) { return [shape] { needle::count(shape); }; };
  using Error = std::invalid_argument;
  CHECK(throws<Error>(count_of(dims({3, -1})), "(3, -1) has a negative size: axis 1 is -1"));
  CHECK(throws<Error>(count_of(dims({0, -1})), "axis 1 is -1"));
  CHECK(throws<Error>(count_of(dims({kLeast})), "negative"));
  CHECK(throws<Error>(count_of(dims({0, kBig, kBig})), "more than 2^62"));
  CHECK(throws<Error>(count_of(dims({kBig, 0, kBig})), "more than 2^62"));
  CHECK(throws<Error>(count_of(dims({(std::int64_t{1} << 62) + 1})), "more than 2^62"));
  CHECK(throws<Error>(count_of(dims({kMost, kMost})), "more than 2^62"));
  // The wrapped product of these is 2^32: every step must be checked, not the end.
  CHECK(throws<Error>(count_of(dims({kBig, kBig, 1 << 16})), "more than 2^62"));
}

TEST(thirty_two_axes_and_no_more) {
  CHECK(Dims(32, 1).size() == 32);
  CHECK(throws<std::invalid_argument>([] { Dims(33); }, "at most 32 axes, not 33"));
  CHECK(throws<std::invalid_argument>([] { Dims(32).push_back(1); }, "not 33"));
}

TEST(dims_are_written_as_python_does) {
  CHECK(needle::to_string(dims({})) == "()");
  CHECK(needle::to_string(dims({5})) == "(5,)");
  CHECK(needle::to_string(dims({2, -3})) == "(2, -3)");
}

TEST(compact_strides_number_the_elements_in_order) {
  Random random;
  for (int round = 0; round < 200; ++round) {
    const Dims shape = random.dims(static_cast<int>(random.in(0, 5)), 1, 4);
    const Dims strides = needle::compact_strides(shape);
    CHECK(needle::is_compact(shape, strides));
    std::int64_t expected = 0;
    for (const Offsets& offsets : walk(shape, {strides})) CHECK(offsets[0] == expected++);
  }
  CHECK(needle::compact_strides(dims({2, 0, 3})) == dims({3, 3, 1}));
  CHECK(throws<std::invalid_argument>([] { needle::compact_strides(Dims(3, kBig)); }, "2^62"));
}

TEST(is_compact_agrees_with_the_order_of_the_offsets) {
  Random random;
  for (int round = 0; round < 2000; ++round) {
    const int ndim = static_cast<int>(random.in(0, 3));
    const Dims shape = random.dims(ndim, 0, 3), strides = random.dims(ndim, -1, 6);
    bool expected = true;
    std::int64_t next = 0;
    for (const Offsets& offsets : walk(shape, {strides})) expected &= offsets[0] == next++;
    CHECK(needle::is_compact(shape, strides) == expected);
  }
  CHECK(!needle::is_compact(Dims(3, kBig), Dims(3, 1)));
}

TEST(reach_is_the_least_and_greatest_offset) {
  Random random;
  for (int round = 0; round < 500; ++round) {
    const int ndim = static_cast<int>(random.in(0, 4));
    const Dims shape = random.dims(ndim, 0, 4), strides = random.dims(ndim, -9, 9);
    const needle::Reach reached = needle::reach(shape, strides);
    const std::vector<Offsets> offsets = walk(shape, {strides});
    if (offsets.empty()) {
      CHECK(reached.high < reached.low);
    } else {
      CHECK(reached.low == (*std::min_element(offsets.begin(), offsets.end()))[0]);
      CHECK(reached.high == (*std::max_element(offsets.begin(), offsets.end()))[0]);
    }
  }
}

TEST(check_view_admits_exactly_what_lies_inside) {
  Random random;
  for (int round = 0; round < 2000; ++round) {
    const int ndim = static_cast<int>(random.in(0, 3));
    const Dims shape = random.dims(ndim, 0, 3), strides = random.dims(ndim, -3, 3);
    const std::int64_t offset = random.in(-2, 12), capacity = random.in(0, 12);
    bool inside = true;
    for (const Offsets& offsets : walk(shape, {strides})) {
      inside &= offset + offsets[0] >= 0 && offset + offsets[0] < capacity;
    }
    const auto check = [&] { needle::check_view(shape, strides, offset, capacity); };
    CHECK(throws<std::invalid_argument>(check, "leaves its buffer") == !inside);
  }
}

TEST(check_view_survives_the_ends_of_64_bits) {
  const std::vector<std::int64_t> ends = {kLeast, kLeast + 1, -kBig, -1, 0, 1, 2, kBig, kMost};
  int admitted = 0;
  for (std::int64_t size : ends) {
    for (std::int64_t stride : ends) {
      for (std::int64_t offset : ends) {
        try {
          needle::check_view(dims({size, 2}), dims({stride, 1}), offset, 4);
          ++admitted;
          CHECK(size == 0 || (size > 0 && (size == 1 || stride == 0 || size == 2)));
        } catch (const std::invalid_argument&) {
        }
      }
    }
  }
  // Size 0: all strides and offsets. Size 1: offsets 0, 1, 2. Stride 0: the same for each size that
  // count() admits (2, 2^40). Size 2: stride 1 with offsets 0, 1; 2 with 0; -1 with 1, 2.
  CHECK(admitted == 9 * 9 + 9 * 3 + 2 * 3 + 2 + 1 + 2);
  CHECK(throws<std::invalid_argument>([] { needle::check_view(dims({2}), dims({1, 1}), 0, 9); },
                                      "number of axes"));
}

TEST(broadcast_follows_the_rule_and_names_what_breaks_it) {
  CHECK(needle::broadcast(dims({3, 1}), dims({4})) == dims({3, 4}));
  CHECK(needle::broadcast(dims({}), dims({2, 0})) == dims({2, 0}));
  CHECK(needle::broadcast(dims({1}), dims({0})) == dims({0}));
  CHECK(needle::broadcast(dims({5, 1, 7}), dims({6, 1})) == dims({5, 6, 7}));
  CHECK(throws<std::invalid_argument>(
      [] { needle::broadcast(dims({3, 4}), dims({5, 4})); },
      "shapes (3, 4) and (5, 4) do not broadcast: axis 0 is 3 and 5"));
  CHECK(throws<std::invalid_argument>([] { needle::broadcast(dims({2, 3}), dims({4})); },
                                      "axis 1 is 3 and 4"));
  CHECK(throws<std::invalid_argument>([] { needle::broadcast(dims({2}), dims({0})); },
                                      "axis 0 is 2 and 0"));
}

TEST(broadcast_strides_repeat_with_stride_zero) {
  CHECK(needle::broadcast_strides(dims({3, 1}), dims({7, 9}), dims({2, 3, 4})) == dims({0, 7, 0}));
  CHECK(needle::broadcast_strides(dims({1}), dims({5}), dims({1})) == dims({5}));
  CHECK(throws<std::invalid_argument>(
      [] { needle::broadcast_strides(dims({2}), dims({1}), dims({3})); },
      "(2,) does not broadcast to (3,): axis 0 is 2 and 3"));
  CHECK(throws<std::invalid_argument>(
      [] { needle::broadcast_strides(dims({3, 3}), dims({3, 1}), dims({3})); }, "more axes"));
}

TEST(simplify_keeps_which_elements_meet) {
  Random random;
  for (int round = 0; round < 3000; ++round) {
    const int ndim = static_cast<int>(random.in(0, 5));
    Loops<3> loops;
    loops.shape = random.dims(ndim, round % 10 == 0 ? 0 : 1, 3);
    for (Dims& strides : loops.strides) {
      strides =
          random.in(0, 1) == 0 ? needle::compact_strides(loops.shape) : random.dims(ndim, -12, 12);
    }
    const auto all = [&] {
      auto met = walk(loops.shape, {loops.strides[0], loops.strides[1], loops.strides[2]});
      std::sort(met.begin(), met.end());
      return met;
    };
    const auto before = all();
    needle::simplify(loops);
    CHECK(all() == before);
    CHECK(loops.shape.size() <= ndim || before.empty());
    for (const Dims& strides : loops.strides) CHECK(strides.size() == loops.shape.size());
    for (int axis = 0; axis < loops.shape.size(); ++axis) {
      CHECK(loops.shape[axis] != 1);
      if (axis == 0) continue;
      const Dims& first = loops.strides[0];
      CHECK(std::abs(first[axis - 1]) >= std::abs(first[axis]));
    }
  }
}

TEST(simplify_makes_one_loop_of_what_is_one) {
  const Dims shape = dims({2, 1, 3, 4});
  Loops<2> same{shape, {needle::compact_strides(shape), needle::compact_strides(shape)}};
  needle::simplify(same);
  CHECK(same.shape == dims({24}) && same.strides[0] == dims({1}) && same.strides[1] == dims({1}));

  Loops<2> transposed{dims({3, 4}), {dims({1, 3}), dims({1, 3})}};
  needle::simplify(transposed);
  CHECK(transposed.shape == dims({12}) && transposed.strides[1] == dims({1}));

  Loops<2> row{dims({5, 4}), {dims({4, 1}), dims({0, 1})}};
  needle::simplify(row);
  CHECK(row.shape == dims({5, 4}) && row.strides[1] == dims({0, 1}));

  Loops<2> scalar{dims({5, 4}), {dims({4, 1}), dims({0, 0})}};
  needle::simplify(scalar);
  CHECK(scalar.shape == dims({20}) && scalar.strides[1] == dims({0}));

  Loops<1> single{dims({1, 1}), {dims({7, 9})}};
  needle::simplify(single);
  CHECK(single.shape.size() == 0);

  Loops<1> none{dims({4, 0, 2}), {dims({kMost, kLeast, 1})}};
  needle::simplify(none);
  CHECK(none.shape == dims({0}));

  Loops<1> far{dims({2, 3}), {dims({kLeast, kMost})}};
  needle::simplify(far);
  CHECK(far.shape == dims({2, 3}));
}
