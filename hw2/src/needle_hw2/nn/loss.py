"""Losses: a number that is to become small."""

from __future__ import annotations

import numpy as np

from needle_hw1 import Tensor
from needle_hw1.array_api import Array, array_namespace, to_numpy, whole_numbers
from needle_hw2 import ops
from needle_hw2.nn.module import Module


class SoftmaxLoss(Module):
    r"""The mean cross-entropy of logits z, of shape (N, k), and integer labels y, of shape (N,).

    .. math:: \ell = -\frac1N \sum_i \Big( (1 - s) \log p_{i y_i} + \frac{s}{k} \sum_j
              \log p_{ij} \Big), \qquad p_i = \mathrm{softmax}(z_i)

    s is `label_smoothing`: the share of each label that is spread over all classes (Szegedy et
    al., 2016). The labels choose from log p by index: there are no one-hot vectors.
    """

    def __init__(self, label_smoothing: float = 0.0) -> None:
        super().__init__()
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing lies in [0, 1], got {label_smoothing}")
        self.label_smoothing = label_smoothing

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return the loss, of shape (). Labels are whole numbers from [0, k), of any dtype.

        Raises `ValueError` for shapes that do not fit or an empty batch, `TypeError` for a label
        that is not whole, `IndexError` for one out of range.
        """
        return ops.cross_entropy(logits, _checked_labels(logits, y), self.label_smoothing)

    def extra_repr(self) -> str:
        """Return the smoothing, if any."""
        return f"label_smoothing={self.label_smoothing}" if self.label_smoothing else ""


class MSELoss(Module):
    r"""The mean squared error of predictions x and targets y, of one shape and with n elements.

    .. math:: \ell = \frac1n \sum_i (x_i - y_i)^2
    """

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Return the loss, of shape (). Raises `ValueError` if the shapes differ."""
        _check_one_shape(self, x, y)
        error = x - y
        return ops.mean(error * error)


class BCEWithLogitsLoss(Module):
    r"""The mean binary cross-entropy of logits z and targets y from [0, 1], of one shape.

    .. math:: \ell = -\frac1n \sum_i \big( y_i \log \sigma(z_i) + (1 - y_i) \log \sigma(-z_i) \big)
              = \frac1n \sum_i \big( y_i \log(1 + e^{-z_i}) + (1 - y_i) \log(1 + e^{z_i}) \big)

    The second form neither overflows nor takes the logarithm of 0.
    """

    def forward(self, logits: Tensor, y: Tensor) -> Tensor:
        """Return the loss, of shape (). Raises `ValueError` if the shapes differ."""
        _check_one_shape(self, logits, y)
        return ops.mean(ops.softplus(logits) * (1 - y) + ops.softplus(-logits) * y)


def _check_one_shape(loss: Module, x: Tensor, y: Tensor) -> None:
    if x.shape != y.shape:
        raise ValueError(
            f"{type(loss).__name__} takes predictions and targets of one shape, "
            f"got {x.shape} and {y.shape}"
        )


def _checked_labels(logits: Tensor, y: Tensor) -> Array:
    """Return labels as an array of int64 on the device of the logits."""
    data = logits.realize_cached_data()
    labels = y.realize_cached_data() if isinstance(y, Tensor) else np.asarray(y)
    xp = array_namespace(data)
    is_there = array_namespace(labels) is xp and labels.device == data.device
    if is_there and labels.dtype == xp.int64:
        return labels
    return xp.asarray(whole_numbers(to_numpy(labels), "SoftmaxLoss"), device=data.device)
