"""Steps of optimisers, in one pass over a parameter and what belongs to it."""

from __future__ import annotations

from needle_hw3.ndarray import NDArray
from needle_hw3.operands import check_same_device


def adam_step(
    p: NDArray,
    g: NDArray,
    m: NDArray,
    v: NDArray,
    /,
    *,
    lr: float,
    beta1: float,
    beta2: float,
    eps: float,
    step: int,
    weight_decay: float = 0.0,
    decoupled: bool = False,
) -> NDArray:
    r"""Return a new parameter, for the old one p and its gradient g; the moments m and v change.

    .. math::
        m &\leftarrow \beta_1 m + (1 - \beta_1) g, \qquad v \leftarrow \beta_2 v + (1 - \beta_2) g^2
        \\ p' &= p - \eta \, \frac{m / (1 - \beta_1^t)}{\sqrt{v / (1 - \beta_2^t)} + \epsilon}

    All have one shape; t is `step`, from 1 on. The decay is added to the gradient,
    :math:`g + \lambda p` (Kingma and Ba, 2015), or, if `decoupled`, p is
    :math:`(1 - \eta \lambda) p` in the last formula (Loshchilov and Hutter, 2019). Raises
    `ValueError` for read-only moments, and for moments that share memory.
    """
    check_same_device(p, g, m, v)
    views = (each._view for each in (p, g, m, v))
    kernel = p._device.kernels.adam_step
    return p._new(kernel(*views, lr, beta1, beta2, eps, weight_decay, decoupled, step))


def sgd_step(
    p: NDArray,
    g: NDArray,
    velocity: NDArray | None = None,
    /,
    *,
    lr: float,
    momentum: float = 0.0,
    share: float = 1.0,
    weight_decay: float = 0.0,
    nesterov: bool = False,
) -> NDArray:
    r"""Return a new parameter, for the old one p and its gradient g; the velocity u changes.

    .. math:: g \leftarrow g + \lambda p, \qquad u \leftarrow \mu u + \delta g, \qquad
              p' = p - \eta u

    All have one shape; :math:`\delta` is `share`. With `nesterov`, :math:`g + \mu u` takes the
    place of u in the last formula; without a velocity, g does.
    """
    arrays = [p, g] if velocity is None else [p, g, velocity]
    check_same_device(*arrays)
    views = (p._view, g._view, None if velocity is None else velocity._view)
    kernel = p._device.kernels.sgd_step
    return p._new(kernel(*views, lr, momentum, share, weight_decay, nesterov))
