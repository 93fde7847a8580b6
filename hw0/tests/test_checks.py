"""Both engines refuse the same mistakes with the same words, and change nothing then."""

import numpy as np
import pytest

import needle_hw0
from needle_hw0 import nn_epoch, nn_epoch_cpp, softmax_regression_epoch_cpp

ENGINES = {
    "numpy": (needle_hw0.softmax_regression_epoch, nn_epoch),
    "cpp": (softmax_regression_epoch_cpp, nn_epoch_cpp),
}
ONE, TWO = ["X", "y", "theta", "lr", "batch"], ["X", "y", "W1", "W2", "lr", "batch"]


def strided(array):
    """Return the same values with a gap after each."""
    memory = np.zeros((*array.shape, 2), dtype=array.dtype)
    memory[..., 0] = array
    return memory[..., 0]


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def unaligned(array):
    memory = np.zeros(array.nbytes + 1, dtype=np.uint8)
    result = memory[1:].view(array.dtype).reshape(array.shape)
    result[...] = array
    return result


def label(index, value, dtype=np.uint8):
    def change(y):
        y = y.astype(dtype)
        y[index] = value
        return y

    return change


# argument, what is done to it, exception, what it says
MISTAKES = [
    ("X", lambda X: X.tolist(), TypeError, r"X is a list; it must be a numpy\.ndarray"),
    ("X", lambda X: X.astype(np.int64), TypeError, "X has dtype int64; it must be float32"),
    ("X", lambda X: X.astype(np.float16), TypeError, "X has dtype float16; it must be float32"),
    ("X", lambda X: X.astype(complex), TypeError, "X has dtype complex128"),
    ("X", lambda X: X[0], ValueError, r"X has shape \(5,\); it must have 2 axes"),
    ("X", lambda X: X[None], ValueError, r"X has shape \(1, 6, 5\); it must have 2 axes"),
    ("X", lambda X: X[:0], ValueError, r"X is empty: its shape is \(0, 5\)"),
    ("X", lambda X: X[:, :0], ValueError, r"X is empty: its shape is \(6, 0\)"),
    ("X", lambda X: X[:, :4].copy(), ValueError, r"shapes \(6, 4\) of X and \(5, . ?.?.?\) of"),
    ("X", lambda X: X[:5], ValueError, "X has 5 rows and y 6 labels"),
    ("y", list, TypeError, "y is a list"),
    ("y", lambda y: y[:3], ValueError, "X has 6 rows and y 3 labels"),
    ("y", lambda y: y[:, None], ValueError, r"y has shape \(6, 1\); it must have 1 axis"),
    ("y", lambda y: y.astype(np.float32), TypeError, "y has dtype float32; it must be .*uint8"),
    ("y", lambda y: y.astype(bool), TypeError, "y has dtype bool; it must be .*uint8"),
    ("y", label(2, 3), IndexError, r"y\[2\] is 3; with 3 classes a label is 0 to 2"),
    ("y", label(5, 255), IndexError, r"y\[5\] is 255; with 3 classes"),
    ("lr", lambda _: float("nan"), ValueError, "lr is nan; it must be finite in float32"),
    ("lr", lambda _: -float("inf"), ValueError, "lr is -inf; it must be finite"),
    ("lr", lambda _: 1e300, ValueError, r"lr is 1e\+300; it must be finite in float32"),
    ("lr", lambda _: "0.1", TypeError, "lr is '0.1'; it must be a number"),
    ("batch", lambda _: 0, ValueError, "batch is 0; it must be at least 1"),
    ("batch", lambda _: -3, ValueError, "batch is -3; it must be at least 1"),
    ("batch", lambda _: 2.5, TypeError, "batch is 2.5; it must be an integer"),
]
WEIGHT_MISTAKES = [
    (lambda W: W.tolist(), TypeError, r" is a list; it must be a numpy\.ndarray"),
    (lambda W: W.astype(np.int32), TypeError, " has dtype int32; it must be float32"),
    (lambda W: W[0], ValueError, " has shape .*; it must have 2 axes"),
    (lambda W: W[:, :0], ValueError, " is empty: its shape is"),
    (lambda W: np.vstack([W, W]), ValueError, r"shapes .* of {name} do not multiply: "),
    (read_only, ValueError, " is read-only; it is updated in place"),
]
for name in ("theta", "W1", "W2"):
    for change, kind, words in WEIGHT_MISTAKES:
        text = words.format(name=name) if "{name}" in words else f"{name}{words}"
        MISTAKES.append((name, change, kind, text))

# What NumPy can do and plain memory cannot.
NATIVE_MISTAKES = [
    ("X", lambda X: X.astype(np.float64), TypeError, "X has dtype float64; it must be float32"),
    ("X", lambda X: X.astype(">f4"), TypeError, "X has dtype >f4; it must be float32"),
    ("X", strided, ValueError, r"X is not C-contiguous .* use X = np\.ascontiguousarray\(X\)"),
    ("X", np.asfortranarray, ValueError, "X is not C-contiguous"),
    ("X", unaligned, ValueError, r"X is not aligned in memory.* use X\.copy\(\)"),
    ("y", label(0, 0, np.int64), TypeError, "y has dtype int64; it must be uint8"),
    ("y", strided, ValueError, "y is not C-contiguous"),
]
for name in ("theta", "W1", "W2"):
    NATIVE_MISTAKES += [
        (name, lambda W: W.astype(np.float64), TypeError, f"{name} has dtype float64"),
        (name, lambda W: W.astype(np.int8), TypeError, f"{name} has dtype int8"),
        (name, strided, ValueError, f"{name} is not C-contiguous"),
        (name, np.asfortranarray, ValueError, f"{name} is not C-contiguous"),
        (name, unaligned, ValueError, f"{name} is not aligned"),
    ]


def calls(problem, engine, name):
    """List (function, arguments by name) of the engine's functions that have argument `name`."""
    one, two = ENGINES[engine]
    first = dict(zip(ONE, [*problem(6, 5, 3), 0.1, 4], strict=True))
    second = dict(zip(TWO, [*problem(6, 5, 4, 3), 0.1, 4], strict=True))
    return [(f, given) for f, given in [(one, first), (two, second)] if name in given]


def assert_refused(function, given, kind, words):
    """Call, expect the exception, and check that no array has changed; return its text."""
    kept = {name: value.copy() for name, value in given.items() if isinstance(value, np.ndarray)}
    with pytest.raises(kind, match=words) as caught:
        function(**given)
    for name, array in kept.items():
        np.testing.assert_array_equal(given[name], array)
    return str(caught.value)


@pytest.mark.parametrize(("name", "change", "kind", "words"), MISTAKES)
def test_mistake_has_the_same_message_in_numpy_and_cpp(problem, name, change, kind, words):
    texts = []
    for engine in ENGINES:
        for function, given in calls(problem, engine, name):
            given[name] = change(given[name])
            texts.append(assert_refused(function, given, kind, words))
    half = len(texts) // 2
    if kind is not TypeError:  # a wrong type names those that would do: more of them in NumPy
        assert texts[:half] == texts[half:]


@pytest.mark.parametrize(("name", "change", "kind", "words"), NATIVE_MISTAKES)
def test_cpp_refuses_what_is_not_plain_memory(problem, name, change, kind, words):
    for function, given in calls(problem, "cpp", name):
        given[name] = change(given[name])
        assert_refused(function, given, kind, words)


@pytest.mark.parametrize("engine", ENGINES)
def test_first_wrong_label_is_named(problem, engine):
    for function, given in calls(problem, engine, "y"):
        given["y"][[1, 4]] = 3, 200
        assert_refused(function, given, IndexError, r"y\[1\] is 3")


@pytest.mark.parametrize("value", [-1, -128])
def test_negative_labels_are_refused(problem, value):
    for function, given in calls(problem, "numpy", "y"):
        given["y"] = label(3, value, np.int8)(given["y"])
        assert_refused(function, given, IndexError, rf"y\[3\] is {value}; with 3 classes")


@pytest.mark.parametrize("engine", ENGINES)
def test_weights_that_share_memory_are_refused(engine, rng):
    one, two = ENGINES[engine]
    square = rng.standard_normal((4, 4)).astype(np.float32)
    y = np.zeros(4, dtype=np.uint8)
    first = {"X": square, "y": y, "theta": square, "lr": 0.1, "batch": 2}
    assert_refused(one, first, ValueError, "theta shares memory with X")
    second = {"X": square.copy(), "y": y, "W1": square, "W2": square, "lr": 0.1, "batch": 2}
    assert_refused(two, second, ValueError, "W2 shares memory with W1")
    zeros = np.zeros((4, 4), dtype=np.float32)
    third = first | {"X": square, "y": zeros.view(np.uint8)[0, :4], "theta": zeros}
    assert_refused(one, third, ValueError, "theta shares memory with y")


def test_neighbours_in_one_array_do_not_share_memory(problem):
    X, y, theta = problem(6, 5, 3)
    memory = np.zeros((6, 8), dtype=np.float32)
    memory[:, :5] = X
    memory[:5, 5:] = theta
    needle_hw0.softmax_regression_epoch(memory[:, :5], y, memory[:5, 5:])
    needle_hw0.softmax_regression_epoch(X, y, theta)
    np.testing.assert_allclose(memory[:5, 5:], theta, rtol=1e-6)


LOSS_MISTAKES = [
    (np.zeros((2, 3), dtype=int), [0, 1], TypeError, "Z has dtype int64; it must be float32"),
    (np.zeros(3), [0, 1, 2], ValueError, r"Z has shape \(3,\); it must have 2 axes"),
    (np.zeros((0, 3)), [], ValueError, "Z is empty"),
    (np.zeros((2, 3)), [0], ValueError, "Z has 2 rows and y 1 labels"),
    (np.zeros((2, 3)), [0, 3], IndexError, r"y\[1\] is 3; with 3 classes a label is 0 to 2"),
    (np.zeros((2, 3)), [-1, 0], IndexError, r"y\[0\] is -1"),
    (np.zeros((2, 3)), [0.0, 1.5], TypeError, "y has dtype float64"),
]


@pytest.mark.parametrize("function", [needle_hw0.softmax_loss, needle_hw0.loss_err])
@pytest.mark.parametrize(("Z", "y", "kind", "words"), LOSS_MISTAKES)
def test_loss_refuses_mistakes(function, Z, y, kind, words):
    y = np.array(y) if len(y) else np.array(y, dtype=np.uint8)
    with pytest.raises(kind, match=words):
        function(Z, y)
