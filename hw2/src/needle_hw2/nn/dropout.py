"""Dropout."""

from __future__ import annotations

from needle_hw1 import Tensor
from needle_hw2 import init
from needle_hw2.nn.module import Module


class Dropout(Module):
    r"""Zeroes each element with probability p in training, and scales the others.

    .. math:: y_i = \frac{m_i x_i}{1 - p}, \qquad m_i = [u_i \le 1 - p], \quad u_i \sim U(0, 1)

    The expected value of y is x, so there is nothing to do in evaluation: y = x. Each call draws
    one mask of the shape of x (Srivastava et al., 2014, with the scale moved into training). For
    p = 1, where the formula is 0 / 0, y is 0 everywhere. y has the dtype of x.
    """

    def __init__(self, p: float = 0.5) -> None:
        super().__init__()
        if not 0 <= p <= 1:
            raise ValueError(f"the probability p of dropout lies in [0, 1], got {p}")
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        """Return y in training, x itself in evaluation."""
        if not self.training:
            return x
        kept = 1 - self.p
        mask = init.randb(*x.shape, p=kept, device=x.device, dtype=x.dtype)
        return x * (mask / kept if kept else mask)

    def extra_repr(self) -> str:
        """Return the probability."""
        return f"p={self.p}"
