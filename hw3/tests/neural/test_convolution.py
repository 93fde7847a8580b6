"""Convolutions on every device, against loops in NumPy, and as functions that are linear."""

import itertools

import numpy as np
import pytest

import needle_hw3 as nd


def pairs(value):
    return (value, value) if isinstance(value, int) else value


def reference(x, w, stride=1, padding=0, dilation=1, groups=1):
    """Return the sum over taps and channels that defines a convolution, output by output."""
    (sh, sw), (ph, pw), (dh, dw) = map(pairs, (stride, padding, dilation))
    n, height, width, _ = x.shape
    kh, kw, inner, filters = w.shape
    rows = (height + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    columns = (width + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    y = np.zeros((n, rows, columns, filters))
    part = filters // groups
    for i, j, a, b in itertools.product(range(rows), range(columns), range(kh), range(kw)):
        row, column = i * sh - ph + a * dh, j * sw - pw + b * dw
        if not (0 <= row < height and 0 <= column < width):
            continue
        for g in range(groups):
            mine = slice(g * part, (g + 1) * part)
            pixel = x[:, row, column, g * inner : (g + 1) * inner]
            y[:, i, j, mine] += pixel @ w[a, b, :, mine]
    return y


def whole(rng, shape):
    """Return whole numbers as floats: their sums of products are exact in any order."""
    return rng.integers(-4, 5, shape).astype(np.float64)


def check(backend, rng, images, filters, dtype="float64", **settings):
    """Compare conv2d with the reference, and its gradients by what defines them."""
    x, w = whole(rng, images), whole(rng, filters)
    expected = reference(x, w, **settings)
    dy = whole(rng, expected.shape)
    ours = [backend.array(a, dtype) for a in (x, w, dy)]
    y = nd.neural.conv2d(ours[0], ours[1], **settings)
    dx = nd.neural.conv2d_input_gradient(ours[2], ours[1], images, **settings)
    dw = nd.neural.conv2d_weight_gradient(ours[0], ours[2], filters, **settings)
    assert [a.dtype.name for a in (y, dx, dw)] == [dtype] * 3
    assert all(a.is_compact() for a in (y, dx, dw))
    np.testing.assert_array_equal(y.numpy(), expected)
    # y is linear: with dx and dw, <y, dy> is right for every unit vector in place of x or w.
    moved, turned = whole(rng, images), whole(rng, filters)
    assert dx.shape == images
    assert dw.shape == filters
    assert (dx.numpy() * moved).sum() == (reference(moved, w, **settings) * dy).sum()
    assert (dw.numpy() * turned).sum() == (reference(x, turned, **settings) * dy).sum()


@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("stride", [1, 2, 3, 4])
def test_every_kernel_stride_padding_and_dilation(backend, rng, kernel, stride):
    for padding, dilation in itertools.product([0, 1, 2, 3], [1, 2]):
        least = max(dilation * (kernel - 1) + 1 - 2 * padding, 1)
        for more in (0, 1, stride):  # windows end at the border, or leave a rest
            images = (2, least + more, least + 2 * stride - more, 3)
            filters = (kernel, kernel, 3, 5)
            check(
                backend, rng, images, filters,
                stride=stride, padding=padding, dilation=dilation,
            )  # fmt: skip


@pytest.mark.parametrize(
    ("images", "filters", "settings"),
    [
        ((2, 9, 6, 3), (3, 2, 3, 4), {"stride": (2, 1), "padding": (0, 3), "dilation": (1, 2)}),
        ((1, 1, 1, 1), (1, 1, 1, 1), {}),
        ((3, 1, 1, 7), (3, 3, 7, 5), {"padding": 1}),  # 8 of 9 taps meet padding alone
        ((2, 2, 2, 3), (3, 3, 3, 40), {"padding": 1, "stride": 2}),
        ((2, 1, 3, 2), (3, 3, 2, 4), {"padding": 4, "dilation": 3}),  # some outputs see nothing
        ((2, 6, 3, 6), (3, 3, 6, 7), {"padding": 1, "dilation": 2}),  # all rows, one column
        ((2, 3, 3, 2), (1, 1, 2, 3), {"padding": 2}),
        ((2, 5, 4, 3), (1, 1, 3, 2), {"stride": (2, 3)}),
        ((1, 3, 3, 2), (2, 2, 2, 3), {"stride": 5}),  # most pixels are never met
        ((1, 2, 2, 1), (1, 1, 1, 1), {"stride": 2**31 - 1}),
        ((2, 5, 5, 6), (3, 3, 2, 9), {"groups": 3, "padding": 1}),
        ((2, 5, 4, 4), (3, 3, 1, 4), {"groups": 4, "stride": 2}),  # depthwise
        ((2, 4, 5, 4), (1, 1, 2, 6), {"groups": 2}),
        ((1, 4, 4, 35), (2, 3, 35, 33), {}),
    ],
    ids=str,
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_shapes_and_groups(backend, rng, images, filters, settings, dtype):
    check(backend, rng, images, filters, dtype, **settings)


# Products are computed in tiles of 32 to 128 pixels, filters, and taps with channels, the last ones
# of which are not whole. Multiples of 4 channels are read at once.
TILED = [
    ((2, 7, 9, 8), (3, 3, 8, 36), {}),
    ((1, 13, 11, 12), (3, 3, 12, 20), {"padding": 1}),
    ((1, 12, 11, 5), (3, 3, 5, 33), {"padding": 1}),
    ((5, 8, 8, 8), (3, 3, 8, 132), {"padding": 1}),
    ((3, 17, 15, 4), (3, 3, 4, 40), {"padding": 1}),  # the sum over pixels has several parts
    ((2, 6, 5, 24), (3, 3, 12, 72), {"groups": 2, "padding": 1}),
    ((2, 5, 6, 12), (2, 3, 4, 12), {"groups": 3, "stride": 2}),
    ((2, 9, 8, 6), (3, 3, 2, 9), {"groups": 3, "stride": 2, "dilation": 2, "padding": 2}),
    ((6, 19, 19, 33), (1, 2, 1, 33), {"groups": 33}),
    ((1, 20, 21, 4), (10, 11, 4, 36), {"stride": (9, 10)}),  # each pixel of 90 sees other taps
]


@pytest.mark.parametrize(("images", "filters", "settings"), TILED, ids=str)
def test_sizes_that_do_not_fill_tiles(backend, rng, images, filters, settings):
    check(backend, rng, images, filters, "float32", **settings)


def test_no_group_of_channels_is_read_from_a_place_that_is_no_multiple(backend, rng):
    images, filters = (2, 5, 4, 8), (3, 3, 8, 36)
    x, w = whole(rng, images), whole(rng, filters)
    expected = reference(x, w)
    wide = [np.concatenate([a[..., :1], a], axis=3) for a in (x, w)]
    ours = [backend.array(a, "float32")[..., 1:] for a in wide]
    np.testing.assert_array_equal(nd.neural.conv2d(*ours).numpy(), expected)
    flat = backend.array(np.concatenate([[0], w.ravel()]), "float32")[1:]  # no gaps, but moved
    found = nd.neural.conv2d(backend.array(x, "float32"), flat.reshape(filters))
    np.testing.assert_array_equal(found.numpy(), expected)


@pytest.mark.parametrize("first", [0, 1])
def test_channels_of_one_operand_lie_apart(backend, rng, first):
    # Groups of channels begin, or lie apart, at no multiple of theirs, in one operand alone.
    images, filters = (2, 5, 4, 8), (3, 3, 8, 36)
    x, w = whole(rng, images), whole(rng, filters)
    expected = reference(x, w)
    values = (x, w, whole(rng, expected.shape))
    near = [backend.array(a, "float32") for a in values]
    far = []
    for a in values:
        wide = np.concatenate([a[..., :1], a] if first else [a, a[..., :1]], axis=3)
        far.append(backend.array(wide, "float32")[..., first : first + a.shape[3]])
    np.testing.assert_array_equal(nd.neural.conv2d(*near[:2]).numpy(), expected)
    for i, j, function, shape in (
        (0, 1, nd.neural.conv2d, ()),
        (2, 1, nd.neural.conv2d_input_gradient, (images,)),
        (0, 2, nd.neural.conv2d_weight_gradient, (filters,)),
    ):
        result = function(near[i], near[j], *shape).numpy()
        np.testing.assert_array_equal(function(far[i], near[j], *shape).numpy(), result)
        np.testing.assert_array_equal(function(near[i], far[j], *shape).numpy(), result)


@pytest.mark.parametrize(
    ("images", "filters"),
    [
        ((0, 4, 4, 2), (3, 3, 2, 5)),
        ((2, 4, 4, 0), (3, 3, 0, 5)),
        ((2, 4, 4, 2), (3, 3, 2, 0)),
        ((2, 0, 4, 2), (3, 3, 2, 5)),
        ((0, 4, 4, 2), (1, 1, 2, 5)),
        ((2, 4, 4, 0), (1, 1, 0, 5)),
    ],
    ids=str,
)
def test_empty_operands(backend, rng, images, filters):
    check(backend, rng, images, filters, padding=(2, 0) if images[1] == 0 else 0)


def views_of(backend, array):
    """Yield views with these values: of other layouts, and as broadcast from the first one."""
    compact = backend.array(array)
    for order in ((0, 3, 1, 2), (3, 2, 1, 0), (1, 2, 0, 3)):
        yield nd.permute_dims(backend.array(array.transpose(order)), tuple(np.argsort(order)))
    yield backend.array(array[::-1, ::-1, ::-1, ::-1].copy())[::-1, ::-1, ::-1, ::-1]
    wide = np.full([2 * n + 1 for n in array.shape], np.nan)
    wide[1::2, 1::2, 1::2, 1::2] = array
    yield backend.array(wide)[1::2, 1::2, 1::2, 1::2]
    yield nd.concat([compact, compact], axis=3)[..., : array.shape[3]]


def test_operands_of_any_strides_are_the_same_numbers(backend, rng):
    settings = {"padding": (1, 0), "stride": (1, 2), "groups": 2}
    images, filters = (3, 5, 6, 4), (3, 2, 2, 6)
    x, w = whole(rng, images), whole(rng, filters)
    expected = reference(x, w, **settings)
    dy = whole(rng, expected.shape)
    plain = [backend.array(a) for a in (x, w, dy)]
    dx = nd.neural.conv2d_input_gradient(plain[2], plain[1], images, **settings).numpy()
    dw = nd.neural.conv2d_weight_gradient(plain[0], plain[2], filters, **settings).numpy()
    for a, b, d in zip(*(views_of(backend, array) for array in (x, w, dy)), strict=True):
        np.testing.assert_array_equal(nd.neural.conv2d(a, b, **settings).numpy(), expected)
        found = nd.neural.conv2d_input_gradient(d, b, images, **settings)
        np.testing.assert_array_equal(found.numpy(), dx)
        found = nd.neural.conv2d_weight_gradient(a, d, filters, **settings)
        np.testing.assert_array_equal(found.numpy(), dw)


def test_broadcast_gradients_are_like_dense_ones(backend, rng):
    x, w = whole(rng, (2, 5, 4, 3)), whole(rng, (3, 3, 3, 4))
    dy = nd.broadcast_to(backend.array(2.0, "float64"), (2, 3, 2, 4))
    dense = backend.array(np.full((2, 3, 2, 4), 2.0))
    dx = [nd.neural.conv2d_input_gradient(d, backend.array(w), x.shape) for d in (dy, dense)]
    dw = [nd.neural.conv2d_weight_gradient(backend.array(x), d, w.shape) for d in (dy, dense)]
    np.testing.assert_array_equal(dx[0].numpy(), dx[1].numpy())
    np.testing.assert_array_equal(dw[0].numpy(), dw[1].numpy())


def test_infinity_reaches_no_sum_that_does_not_see_it(backend, rng):
    """What lies beyond the end of a sum is left out, and not multiplied by 0."""
    x, w = rng.integers(1, 4, (2, 6, 7, 5)), rng.integers(1, 4, (3, 2, 5, 6))
    dy = rng.integers(1, 4, (2, 4, 6, 6))
    x, w, dy = (a.astype(np.float32) for a in (x, w, dy))
    hot = x.copy(), dy.copy()
    hot[0][1, 2, 3, 0], hot[1][1, 2, 3, 0] = np.inf, np.inf
    ours = [backend.array(a) for a in (*hot, x, w, dy)]
    y = nd.neural.conv2d(ours[0], ours[3]).numpy()
    seen = np.zeros(y.shape, bool)
    seen[1, :3, 2:4] = True
    np.testing.assert_array_equal(np.isinf(y), seen)
    np.testing.assert_array_equal(y[~seen], reference(x, w)[~seen])
    dx = nd.neural.conv2d_input_gradient(ours[1], ours[3], x.shape).numpy()
    seen = np.zeros(x.shape, bool)
    seen[1, 2:5, 3:5] = True
    np.testing.assert_array_equal(np.isinf(dx), seen)
    assert not np.isnan(dx).any()
    dw = nd.neural.conv2d_weight_gradient(ours[2], ours[1], w.shape).numpy()
    np.testing.assert_array_equal(np.isinf(dw), np.broadcast_to(np.arange(6) == 0, w.shape))
    assert not np.isnan(dw).any()
    dw = nd.neural.conv2d_weight_gradient(ours[0], ours[4], w.shape).numpy()
    seen = np.zeros(w.shape, bool)
    seen[:, :, 0] = True  # every tap meets that pixel
    np.testing.assert_array_equal(np.isinf(dw), seen)
    assert not np.isnan(dw).any()


def call(backend, images=(2, 5, 5, 4), filters=(3, 3, 2, 6), dtypes=("float32",) * 2, **settings):
    x, w = (backend.array(np.ones(s), d) for s, d in zip((images, filters), dtypes, strict=True))
    return nd.neural.conv2d(x, w, **{"groups": 2, **settings})


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"images": (5, 5, 4)}, r"images of shape \(5, 5, 4\) and .* do not have 4 axes"),
        ({"filters": (3, 2, 6)}, r"filters of shape \(3, 2, 6\) do not have 4 axes"),
        ({"groups": 0}, "groups 0 is not positive"),
        ({"groups": -1}, "groups -1 is not positive"),
        ({"groups": 1}, r"do not fit with groups 1: channels are 4, filters take 2 and there"),
        ({"groups": 4}, r"do not fit with groups 4"),
        ({"filters": (3, 3, 2, 5)}, r"there are 5"),
        ({"filters": (0, 3, 2, 6)}, r"window of shape \(0, 3\) is empty"),
        ({"stride": (1, 0)}, r"stride \(1, 0\) is not positive"),
        ({"stride": (1, 1, 1)}, r"stride \(1, 1, 1\) is not a pair"),
        ({"padding": (-1, 0)}, r"padding \(-1, 0\) is negative"),
        ({"padding": 2**31}, r"padding \(2147483648, 2147483648\) is beyond 2147483647"),
        ({"dilation": 0}, r"dilation \(0, 0\) is not positive"),
        ({"dilation": (1, 3)}, r"windows of shape \(3, 3\) and dilation \(1, 3\) do not fit"),
        ({"images": (2, 5, 2, 4)}, r"into images of shape \(5, 2\) and padding \(0, 0\)"),
    ],
    ids=str,
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_its_numbers(backend, arguments, message):
    with pytest.raises(ValueError, match=message):
        call(backend, **arguments)


def test_results_that_no_memory_holds_are_refused(backend):
    for padding in (2**31 - 1, 2**30):
        with pytest.raises((ValueError, MemoryError)):
            call(backend, padding=padding)


def test_other_dtypes_and_types_are_refused(backend):
    for dtypes in (("float32", "float64"), ("int32", "int32"), ("bool", "bool")):
        with pytest.raises(TypeError, match=dtypes[0]):
            call(backend, dtypes=dtypes)
    for wrong in ({"stride": 1.5}, {"padding": (1, "a")}, {"groups": None}):
        with pytest.raises(TypeError):
            call(backend, **wrong)
    with pytest.raises(TypeError, match="ndarray"):
        nd.neural.conv2d(np.ones((1, 2, 2, 1)), np.ones((1, 1, 1, 1)))


def test_gradients_refuse_shapes_that_do_not_fit(backend):
    w, dy = backend.array(np.ones((3, 3, 2, 4))), backend.array(np.ones((1, 3, 3, 4)))
    x = backend.array(np.ones((1, 5, 5, 2)))
    for shape in ((1, 6, 5, 2), (2, 5, 5, 2), (1, 5, 5, 3), (5, 5, 2)):
        with pytest.raises(ValueError, match=r"\("):
            nd.neural.conv2d_input_gradient(dy, w, shape)
    for shape in ((2, 3, 2, 4), (3, 3, 2, 5), (3, 3, 1, 4), (3, 3)):
        with pytest.raises(ValueError, match=r"\("):
            nd.neural.conv2d_weight_gradient(x, dy, shape)
    with pytest.raises(ValueError, match=r"gradients of shape \(1, 3, 3, 4\), not \(1, 3, 3, 3\)"):
        nd.neural.conv2d_weight_gradient(x, dy[..., :3], (3, 3, 2, 4))
