"""The C++ kernels: every instruction set of this machine against NumPy in double precision."""

import signal
import sys
import threading

import numpy as np
import pytest

from needle_hw0 import _simple_ml_ext as ext
from needle_hw0 import (
    nn_epoch,
    nn_epoch_cpp,
    softmax_regression_epoch,
    softmax_regression_epoch_cpp,
)


@pytest.fixture(params=["avx512", "avx2", "baseline"])
def isa(request):
    if request.param not in ext.instruction_sets():
        pytest.skip(f"this processor has no {request.param}")
    return request.param


# Around the sizes of tiles (6 and 8 rows; 4 to 32 columns) and of panels (256 deep).
ROWS = [1, 2, 5, 6, 7, 8, 9, 12, 13, 100]
FEATURES = [1, 2, 3, 8, 17, 255, 256, 257, 513]
CLASSES = [1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16, 17, 31, 32, 33, 47, 65, 256]
HIDDEN = [1, 3, 8, 10, 16, 33, 48, 100]


def assert_same_update(run, reference, weights, steps):
    """Train copies of `weights` in both ways, in single and in double precision, and compare.

    Single precision may err by a little of the change, and by a rounding of the weight in each
    of the `steps`.
    """
    native = [W.copy() for W in weights]
    exact = [W.astype(np.float64) for W in weights]
    run(*native)
    reference(*exact)
    for start, got, expected in zip(weights, native, exact, strict=True):
        change = np.abs(expected - start).max()
        rounding = steps * np.finfo(np.float32).eps * np.abs(expected).max()
        np.testing.assert_allclose(got, expected, rtol=0, atol=1e-5 * change + rounding)


def check_softmax(problem, isa, m, n, k, batch):
    X, y, theta = problem(m, n, k)
    X *= np.float32(n**-0.5)
    assert_same_update(
        lambda theta: ext.softmax_regression_epoch(X, y, theta, 0.5, batch, isa),
        lambda theta: softmax_regression_epoch(X.astype(np.float64), y, theta, 0.5, batch),
        [theta],
        steps=-(-m // batch),
    )


@pytest.mark.parametrize("k", CLASSES)
@pytest.mark.parametrize("n", FEATURES)
def test_softmax_regression_agrees_with_numpy_for_every_width(problem, isa, n, k):
    check_softmax(problem, isa, 13, n, k, 5)


@pytest.mark.parametrize("m", ROWS)
@pytest.mark.parametrize("batch", [1, 2, 6, 8, 12, 13, 99, 100, 101, 2**60])
def test_softmax_regression_agrees_with_numpy_for_every_batch(problem, isa, m, batch):
    check_softmax(problem, isa, m, 5, 3, batch)


@pytest.mark.parametrize("d", HIDDEN)
@pytest.mark.parametrize(("n", "k"), [(1, 1), (1, 10), (5, 3), (17, 10), (256, 8), (257, 17)])
@pytest.mark.parametrize(("m", "batch"), [(1, 1), (3, 100), (20, 7), (32, 16)])
def test_two_layers_agree_with_numpy(problem, isa, m, n, d, k, batch):
    X, y, W1, W2 = problem(m, n, d, k)
    W1 *= np.float32(n**-0.5)
    W2 *= np.float32(d**-0.5)
    assert_same_update(
        lambda W1, W2: ext.nn_epoch(X, y, W1, W2, 0.2, batch, isa),
        lambda W1, W2: nn_epoch(X.astype(np.float64), y, W1, W2, 0.2, batch),
        [W1, W2],
        steps=-(-m // batch),
    )


def test_public_functions_take_the_courses_keywords(problem):
    X, y, theta = problem(20, 5, 3)
    expected = theta.copy()
    softmax_regression_epoch(X, y, expected, lr=0.2, batch=8)
    assert softmax_regression_epoch_cpp(X=X, y=y, theta=theta, lr=0.2, batch=8) is None
    np.testing.assert_allclose(theta, expected, rtol=1e-5, atol=1e-6)

    X, y, W1, W2 = problem(20, 5, 4, 3)
    V1, V2 = W1.copy(), W2.copy()
    nn_epoch(X, y, V1, V2, lr=0.2, batch=8)
    assert nn_epoch_cpp(X=X, y=y, W1=W1, W2=W2, lr=0.2, batch=8) is None
    np.testing.assert_allclose(W1, V1, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(W2, V2, rtol=1e-5, atol=1e-6)


def test_batch_may_be_larger_than_any_machine_integer(problem):
    X, y, theta = problem(20, 5, 3)
    expected = theta.copy()
    softmax_regression_epoch_cpp(X, y, expected, 0.1, 20)
    softmax_regression_epoch_cpp(X, y, theta, 0.1, 10**30)
    np.testing.assert_array_equal(theta, expected)


def test_large_logits_train_without_overflow(problem, isa):
    X, y, theta = problem(20, 3, 4)
    ext.softmax_regression_epoch(X * np.float32(1e4), y, theta, 0.1, 8, isa)
    assert np.isfinite(theta).all()


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_not_a_number_spreads_as_in_numpy(problem, isa, value):
    X, y, W1, W2 = problem(4, 3, 5, 2)
    X[1, 1] = value
    V1, V2 = W1.copy(), W2.copy()
    ext.nn_epoch(X, y, W1, W2, 0.1, 2, isa)
    with np.errstate(invalid="ignore"):
        nn_epoch(X, y, V1, V2, 0.1, 2)
    np.testing.assert_array_equal(np.isnan(W1), np.isnan(V1))
    np.testing.assert_array_equal(np.isnan(W2), np.isnan(V2))
    assert np.isnan(W2).any()


@pytest.mark.parametrize("k", [1, 3, 10, 17, 33])
def test_nothing_is_written_beside_the_weights(problem, isa, k):
    X, y, W1, W2 = problem(9, 7, 11, k)
    guarded = []
    for W in (W1, W2):
        memory = np.full(W.size + 128, 7, dtype=np.float32)
        inner = memory[64:-64].reshape(W.shape)
        inner[...] = W
        guarded.append((memory, inner))
    ext.nn_epoch(X, y, guarded[0][1], guarded[1][1], 0.1, 4, isa)
    for memory, _ in guarded:
        np.testing.assert_array_equal(np.delete(memory, slice(64, -64)), 7)


MISUSES = {
    "X of one axis": {"X": np.ones(3, dtype=np.float32)},
    "X of three axes": {"X": np.ones((4, 3, 1), dtype=np.float32)},
    "X of no rows": {"X": np.ones((0, 3), dtype=np.float32), "y": np.ones(0, dtype=np.uint8)},
    "X of no columns": {"X": np.ones((4, 0), dtype=np.float32)},
    "X without axes": {"X": np.float32(1).reshape(())},
    "X too wide": {"X": np.ones((4, 4), dtype=np.float32)},
    "X with more rows": {"X": np.ones((5, 3), dtype=np.float32)},
    "X in double precision": {"X": np.ones((4, 3))},
    "X transposed": {"X": np.ones((3, 4), dtype=np.float32).T},
    "X not aligned": {"X": np.zeros(49, np.uint8)[1:].view(np.float32).reshape(4, 3)},
    "y too short": {"y": np.zeros(3, dtype=np.uint8)},
    "y of two axes": {"y": np.zeros((4, 1), dtype=np.uint8)},
    "y too large": {"y": np.full(4, 2, dtype=np.uint8)},
    "y of another type": {"y": np.zeros(4, dtype=np.int64)},
    "no batch": {"batch": 0},
    "negative batch": {"batch": -1},
    "no such instruction set": {"isa": "avx1024"},
}


@pytest.mark.parametrize("misuse", MISUSES)
def test_raw_functions_refuse_what_would_leave_the_buffers(misuse):
    given = {
        "X": np.ones((4, 3), dtype=np.float32),
        "y": np.zeros(4, dtype=np.uint8),
        "lr": 0.1,
        "batch": 2,
    } | MISUSES[misuse]
    theta, W2 = np.ones((3, 2), dtype=np.float32), np.ones((2, 2), dtype=np.float32)
    with pytest.raises((TypeError, ValueError, IndexError)):
        ext.softmax_regression_epoch(theta=theta, **given)
    with pytest.raises((TypeError, ValueError, IndexError)):
        ext.nn_epoch(W1=theta, W2=W2, **given)
    assert (theta == 1).all()
    assert (W2 == 1).all()


@pytest.mark.parametrize("shape", [(4, 2), (3,), (3, 0), (3, 2, 1), ()])
def test_raw_functions_refuse_weights_of_another_shape(shape):
    X, y = np.ones((4, 3), dtype=np.float32), np.zeros(4, dtype=np.uint8)
    wrong, W = np.ones(shape, dtype=np.float32), np.ones((3, 2), dtype=np.float32)
    with pytest.raises((ValueError, IndexError)):
        ext.softmax_regression_epoch(X, y, wrong, 0.1, 2)
    with pytest.raises((ValueError, IndexError)):
        ext.nn_epoch(X, y, wrong, np.ones((2, 2), dtype=np.float32), 0.1, 2)
    with pytest.raises((ValueError, IndexError)):
        ext.nn_epoch(X, y, W, wrong, 0.1, 2)


def test_raw_functions_refuse_weights_that_would_be_copied_or_may_not_change():
    X, y = np.ones((4, 3), dtype=np.float32), np.zeros(4, dtype=np.uint8)
    frozen = np.ones((3, 2), dtype=np.float32)
    frozen.flags.writeable = False
    copied = [np.ones((3, 2)), np.ones((2, 3), dtype=np.float32).T, np.ones((3, 2), dtype=np.int8)]
    with pytest.raises(ValueError, match="writeable"):
        ext.softmax_regression_epoch(X, y, frozen, 0.1, 2)
    for theta in copied:
        with pytest.raises(TypeError):
            ext.softmax_regression_epoch(X, y, theta, 0.1, 2)


@pytest.fixture(params=["softmax regression", "two layers"])
def long_epoch(request):
    """Return an epoch of seconds, whose last example alone changes the last row of its weights."""
    X = np.zeros((4000, 300), dtype=np.float32)
    X[:, :-1] = 1
    X[-1, -1] = 1
    y = np.ones(4000, dtype=np.uint8)
    W = np.full((300, 3000), 0.01, dtype=np.float32)
    if request.param == "softmax regression":
        return lambda: softmax_regression_epoch_cpp(X, y, W, 1e-3, 1), W
    W2 = np.full((3000, 2), [0.01, -0.01], dtype=np.float32)
    return lambda: nn_epoch_cpp(X, y, W, W2, 2e-7, 1), W


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="this system has no alarm signal")
def test_signal_stops_a_long_epoch(long_epoch):
    epoch, W = long_epoch

    class StoppedError(Exception):
        pass

    def stop(*_):
        raise StoppedError

    before = signal.signal(signal.SIGALRM, stop)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        with pytest.raises(StoppedError):
            epoch()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert (W[0] != np.float32(0.01)).any(), "no batch was done"
    assert (W[-1] == np.float32(0.01)).all(), "the epoch went on to its end"


def test_other_threads_run_during_an_epoch(problem):
    X, y, W1, W2 = problem(2000, 500, 500, 10)
    started, inside = threading.Event(), False

    def work():
        nonlocal inside
        inside = True
        started.set()
        ext.nn_epoch(X, y, W1, W2, 0.0, 2000)  # NumPy's checks would give it up, too
        inside = False

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1000)  # the lock changes hands only where it is given up
    try:
        thread = threading.Thread(target=work)
        thread.start()
        started.wait()
        seen_inside = inside
        thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert seen_inside


def test_threads_train_different_weights_at_once(problem):
    X, y, theta = problem(500, 20, 10)
    expected = theta.copy()
    softmax_regression_epoch_cpp(X, y, expected, 0.1, 7)
    copies = [theta.copy() for _ in range(8)]
    threads = [
        threading.Thread(target=softmax_regression_epoch_cpp, args=(X, y, copy, 0.1, 7))
        for copy in copies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for copy in copies:
        np.testing.assert_array_equal(copy, expected)
