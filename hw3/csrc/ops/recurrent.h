#pragma once
// The cell of a long short-term memory (Hochreiter and Schmidhuber, 1997), and its gradient.
//
// Operands are of one floating-point dtype (TypeError otherwise) and have any strides; results are
// new and row-major. std::invalid_argument for shapes that do not fit.

#include <tuple>
#include <utility>

#include "common/view.h"

namespace needle {

/// From the gates before their nonlinearity, of shape (m, 4h) in the order i, f, g, o, and the
/// state c, of shape (m, h): the output h, the new state and the gates after it.
///
/// i, f, o = sigmoid(.), g = tanh(.); c_new = f c + i g; h = o tanh(c_new)
std::tuple<View, View, View> lstm_cell(const View& gates, const View& c);

/// The gradients of the gates before their nonlinearity and of c, from those of h and c_new.
std::pair<View, View> lstm_cell_gradient(const View& grad_h, const View& grad_c,
                                         const View& activations, const View& c, const View& c_new);

}  // namespace needle
