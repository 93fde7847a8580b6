"""The cross-entropy of a softmax with integer labels, as one op."""

from __future__ import annotations

from needle_hw1.array_api import Array, array_namespace, to_numpy
from needle_hw1.ops import exp
from needle_hw1.tensor_op import T, Tensor, constant
from needle_hw2.kernels import fused_kernels
from needle_hw2.ops.fused import FusedOp
from needle_hw2.ops.logarithmic import finite_peak, logsoftmax


class CrossEntropy(FusedOp):
    r"""The mean cross-entropy of logits z, of shape (m, k), and labels y, of shape (m,).

    .. math:: \ell = -\frac1m \sum_i \sum_j t_{ij} \log p_{ij}, \quad p_i = \mathrm{softmax}(z_i),
              \quad t_{ij} = (1 - s) [j = y_i] + \frac{s}{k} \qquad
              \bar z = \frac{p - t}{m} \, \bar\ell

    The labels are an array of integers from [0, k), of any integer dtype; `compute` brings them to
    the library and device of z, as int64. s is `smoothing`. The rows of log p are indexed by the
    labels: t is needed for the gradient only. Raises `IndexError` for a label out of range, below 0
    too, `ValueError` for shapes that do not fit, `TypeError` for labels of another dtype.
    """

    def __init__(self, labels: Array, smoothing: float = 0.0) -> None:
        self.labels = labels
        self.smoothing = smoothing

    def compute(self, z: Array) -> Array:
        if z.ndim != 2 or self.labels.shape != z.shape[:1] or z.shape[0] == 0:
            raise ValueError(
                f"cross_entropy takes logits of shape (m, k) and labels of shape (m,) with m > 0, "
                f"got {z.shape} and {self.labels.shape}"
            )
        xp = array_namespace(z)
        self._bring_labels_to(z)
        kernels = fused_kernels(z)
        if kernels is not None:
            losses, self._totals = kernels.softmax_loss(z, self.labels, smoothing=self.smoothing)
            return xp.sum(losses) / z.shape[0]
        outside = (self.labels < 0) | (self.labels >= z.shape[1])
        if xp.any(outside):
            label, k = self.labels[outside][0], z.shape[1]
            raise IndexError(f"label {label} is not in [0, {k}), the {k} classes of the logits")
        shifted = z - finite_peak(z, (1,))
        self._exponentials = xp.exp(shifted)
        self._totals = xp.sum(self._exponentials, axis=1, keepdims=True)
        chosen = xp.take_along_axis(shifted, self.labels[:, None], axis=1)
        losses = xp.log(self._totals) - chosen * (1 - self.smoothing)
        if self.smoothing:  # 0 times a logit of -inf is nan
            losses -= xp.mean(shifted, axis=1, keepdims=True) * self.smoothing
        return xp.sum(losses) / z.shape[0]

    def gradient(self, out_grad: Tensor, node: Tensor) -> Tensor:
        (z,) = node.inputs
        targets = constant(self._targets(z.realize_cached_data()))
        return (exp(logsoftmax(z)) - targets) * (out_grad / z.shape[0])

    def array_gradient(self, out_grad: Array, node: Tensor) -> tuple[Array]:
        z = node.inputs[0].realize_cached_data()
        kernels = fused_kernels(z)
        if kernels is not None:
            known = z, self.labels, self._totals, out_grad / z.shape[0]
            return (kernels.softmax_loss_gradient(*known, smoothing=self.smoothing),)
        grad = self._exponentials / self._totals
        grad -= self._targets(grad)
        grad *= out_grad / grad.shape[0]
        return (grad,)

    def _bring_labels_to(self, z: Array) -> None:
        """Replace `labels` by the same numbers as int64, in the library and on the device of z."""
        xp = array_namespace(z)
        if array_namespace(self.labels) is not xp:
            self.labels = xp.asarray(to_numpy(self.labels), device=z.device)
        elif self.labels.device != z.device:
            self.labels = xp.asarray(self.labels, device=z.device)
        if not xp.isdtype(self.labels.dtype, "integral"):
            raise TypeError(f"cross_entropy takes labels of integers, got {self.labels.dtype}")
        # One of few bits could not count all classes.
        self.labels = xp.astype(self.labels, xp.int64, copy=False)

    def _targets(self, like: Array) -> Array:
        """Return t, of the shape and dtype of `like`."""
        xp = array_namespace(like)
        k = like.shape[1]
        classes = xp.arange(k, dtype=xp.int64, device=like.device)
        is_label = xp.astype(self.labels[:, None] == classes, like.dtype)
        return is_label * (1 - self.smoothing) + self.smoothing / k if self.smoothing else is_label


def cross_entropy(logits: T, labels: Array, smoothing: float = 0.0) -> T:
    """Return the mean cross-entropy of the rows of `logits`, of shape (): see `CrossEntropy`."""
    return CrossEntropy(labels, smoothing)(logits)
