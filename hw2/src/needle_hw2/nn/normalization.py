"""Normalisation: features of mean 0 and variance 1, then scaled and shifted again."""

from __future__ import annotations

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import Array, DType, array_namespace
from needle_hw2 import init, ops
from needle_hw2.nn.module import Module, Parameter


class Normalization(Module):
    """What batch and layer normalisation share: sizes, and a scale and a shift for each feature.

    `weight` begins as ones and `bias` as zeros, of shape (dim,).
    """

    def __init__(
        self,
        dim: int,
        eps: float = 1e-5,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__()
        if dim < 1:
            raise ValueError(f"dim is at least 1, got {dim}")
        if not eps >= 0:
            raise ValueError(f"eps is at least 0, got {eps}")
        self.dim = dim
        self.eps = eps
        self.weight = Parameter(init.ones(dim, device=device, dtype=dtype))
        self.bias = Parameter(init.zeros(dim, device=device, dtype=dtype))

    def _check_features(self, x: Tensor, *, ndim: int | None = None) -> None:
        if x.ndim == 0 or x.shape[-1] != self.dim or (ndim and x.ndim != ndim):
            shape = f"(N, {self.dim})" if ndim else f"(..., {self.dim})"
            raise ValueError(
                f"{type(self).__name__}({self.dim}) takes inputs of shape {shape}, got {x.shape}"
            )

    def extra_repr(self) -> str:
        """Return the number of features."""
        return f"{self.dim}"


class BatchNorm1d(Normalization):
    r"""Normalises each feature of x, of shape (N, dim), over the batch.

    .. math:: y = w \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + b

    In training, the mean and the variance (over N, not N - 1) are those of the batch, and each
    call moves the running ones, buffers of shape (dim,), by the share `momentum` towards them.
    In evaluation the running ones are used (Ioffe and Szegedy, 2015). Unlike PyTorch's, the running
    variance is that over N, too. The running tensors get new arrays; the old ones are not written
    into, so what was read from them before a call stays as it was.
    """

    def __init__(
        self,
        dim: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        device: Device | None = None,
        dtype: DType = "float32",
    ) -> None:
        super().__init__(dim, eps, device, dtype)
        if not 0 <= momentum <= 1:
            raise ValueError(f"momentum lies in [0, 1], got {momentum}")
        self.momentum = momentum
        self.running_mean = init.zeros(dim, device=device, dtype=dtype)
        self.running_var = init.ones(dim, device=device, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised x; it has the dtype of x, if that is the layer's.

        Raises `ValueError` for a batch of one in training.
        """
        self._check_features(x, ndim=2)
        if not self.training:
            scale = self.weight / ops.sqrt(self.running_var + self.eps)
            return (x - self.running_mean) * scale + self.bias
        if x.shape[0] < 2:
            raise ValueError(
                f"BatchNorm1d needs at least 2 rows in training to have a variance, "
                f"got an input of shape {x.shape}"
            )
        normalize = ops.Normalize(0, self.eps)
        y = normalize(x, self.weight, self.bias)
        y.realize_cached_data()  # under `lazy()`: before, there are no moments
        self._track(self.running_mean, normalize.mean)
        self._track(self.running_var, normalize.variance)
        return y

    def _track(self, running: Tensor, observed: Array) -> None:
        """Move `running` by the share `momentum` towards `observed`, as a new array in its dtype.

        `observed` is the mean or the variance of a batch, as `forward` hands it over:
        `ops.Normalize` has them in shape (1, dim).
        """
        average = running.realize_cached_data()
        observed = array_namespace(observed).astype(observed[0, :], average.dtype, copy=False)
        running.cached_data = average + (observed - average) * self.momentum


class LayerNorm1d(Normalization):
    r"""Normalises each row of x, of shape (..., dim), over its features.

    .. math:: y = w \, \frac{x - \mu}{\sqrt{\sigma^2 + \epsilon}} + b

    Mean and variance (over dim, not dim - 1) are those of the row, in training and in evaluation
    (Ba, Kiros and Hinton, 2016).
    """

    def forward(self, x: Tensor) -> Tensor:
        """Return the normalised x."""
        self._check_features(x)
        return ops.normalize(x, self.weight, self.bias, -1, self.eps)
