"""The softmax loss as one op: its gradient is shorter than those of its parts."""

from __future__ import annotations

from needle_hw1.array_api import Array, array_namespace
from needle_hw1.ops.reduce import summation
from needle_hw1.ops.shape import promote_together
from needle_hw1.tensor_op import T, Tensor, TensorOp, constant


class SoftmaxLoss(TensorOp):
    r"""The mean cross-entropy of logits Z and labels y, both of shape (m, k).

    .. math:: \ell = \frac1m \sum_i \Big( \log \sum_j e^{z_{ij}} - \sum_j z_{ij} y_{ij} \Big)
              \qquad \bar Z = \frac{\mathrm{softmax}(Z) - y}{m} \, \bar\ell

    Each row of y sums to 1: a label as one-hot vector, or the probabilities of several. Then
    subtracting the maximum from a row of Z changes nothing, and `exp` cannot overflow.
    """

    def align(self, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return promote_together(inputs)

    def compute(self, Z: Array, y: Array) -> Array:
        m = _checked_rows(Z, y)
        xp = array_namespace(Z)
        shifted, exponentials, totals = _softmax_parts(Z)
        self._known = Z, y, (exponentials / totals - y) / m
        # A class that is masked by a logit of -inf costs nothing where its label is 0.
        costs = xp.where(y != 0, shifted * y, xp.zeros_like(y))
        return (xp.sum(xp.log(totals)) - xp.sum(costs)) / m

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor | None, Tensor | None]:
        Z, y = node.inputs
        grad_Z = grad_y = None
        if Z.requires_grad:
            grad_Z = SoftmaxResidual(self._known)(Z, y) * out_grad
        if y.requires_grad:
            peaks = array_namespace(Z.cached_data).max(Z.cached_data, axis=1, keepdims=True)
            grad_y = (constant(peaks) - Z) * (out_grad / Z.shape[0])
        return grad_Z, grad_y


class SoftmaxResidual(TensorOp):
    r"""R = (softmax(Z) - y) / m, for Z and y of shape (m, k): the gradient of the softmax loss.

    With P = softmax(Z) = m R + y:

    .. math:: \bar z_{ij} = \frac{p_{ij}}{m} \Big( \bar r_{ij} - \sum_l \bar r_{il} p_{il} \Big)
              \qquad \bar y = -\frac{\bar R}{m}

    The loss computes it on the way, for the Z and y that it had last: `known` is those and R.
    """

    def __init__(self, known: tuple[Array, Array, Array]) -> None:
        self._known = known

    def compute(self, Z: Array, y: Array) -> Array:
        known_Z, known_y, residual = self._known
        if Z is known_Z and y is known_y:
            return residual
        _, exponentials, totals = _softmax_parts(Z)
        return (exponentials / totals - y) / Z.shape[0]

    def gradient(self, out_grad: Tensor, node: Tensor) -> tuple[Tensor, Tensor]:
        Z, y = node.inputs
        m = Z.shape[0]
        probabilities = node * m + y
        mean = summation(out_grad * probabilities, 1, keepdims=True)
        return probabilities * (out_grad - mean) / m, -out_grad / m


def softmax_loss(Z: T, y_one_hot: T) -> T:
    """Return the mean softmax (cross-entropy) loss, of shape ().

    `Z` holds logits and `y_one_hot` the labels, one-hot or as probabilities; both have shape
    (m, k). Raises `ValueError` if the shapes differ, or there is no row.
    """
    return SoftmaxLoss()(Z, y_one_hot)


def _softmax_parts(Z: Array) -> tuple[Array, Array, Array]:
    """Return each row of Z less its maximum, the exponentials of that, and their sums."""
    xp = array_namespace(Z)
    shifted = Z - xp.max(Z, axis=1, keepdims=True)
    exponentials = xp.exp(shifted)
    return shifted, exponentials, xp.sum(exponentials, axis=1, keepdims=True)


def _checked_rows(Z: Array, y: Array) -> int:
    if Z.ndim != 2 or Z.shape != y.shape or Z.shape[0] == 0:
        raise ValueError(
            f"softmax_loss takes logits and one-hot labels of one shape (m, k) with m > 0, "
            f"got {Z.shape} and {y.shape}"
        )
    return int(Z.shape[0])
