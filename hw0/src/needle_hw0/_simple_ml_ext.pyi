import numpy as np
from numpy.typing import NDArray

def instruction_sets() -> list[str]: ...
def softmax_regression_epoch(
    X: NDArray[np.float32],
    y: NDArray[np.uint8],
    theta: NDArray[np.float32],
    lr: float,
    batch: int,
    isa: str = "",
) -> None: ...
def nn_epoch(
    X: NDArray[np.float32],
    y: NDArray[np.uint8],
    W1: NDArray[np.float32],
    W2: NDArray[np.float32],
    lr: float,
    batch: int,
    isa: str = "",
) -> None: ...
