"""The arguments of convolutions and pooling: sizes that fit each other, and some that do not."""

import itertools

NAMES = (
    "conv2d", "conv2d_input_gradient", "conv2d_weight_gradient", "max_pool2d",
    "max_pool2d_gather", "max_pool2d_gradient", "avg_pool2d", "avg_pool2d_gradient",
)  # fmt: skip
STRANGE = (-1, 0, 9, 2**31, 2**62)


class Images:
    """The sizes of one call."""

    def __init__(self, rng, name):
        self.rng = rng
        draw = rng.choice
        self.size = tuple(draw((1, 2, 3)) for _ in range(2))
        self.stride = tuple(draw((1, 1, 2)) for _ in range(2))
        self.dilation = tuple(draw((1, 1, 2)) for _ in range(2))
        self.padding = tuple(draw((0, 0, 1, 2)) for _ in range(2))
        self.groups = draw((1, 1, 2))
        self.n, *self.image = draw((0, 1, 1, 2)), draw((0, 1, 2, 3, 4)), draw((1, 2, 4))
        per_group, out_per_group = draw((1, 2)), draw((1, 2))
        self.channels = self.groups * per_group
        self.filters = (*self.size, per_group, self.groups * out_per_group)
        self.x = (self.n, *self.image, self.channels)
        dilation = (1, 1) if name.startswith("avg") else self.dilation
        reach = [d * (k - 1) + 1 for d, k in zip(dilation, self.size, strict=True)]
        count = [
            max((size + 2 * p - r) // s + 1, 0)
            for size, p, r, s in zip(self.image, self.padding, reach, self.stride, strict=True)
        ]
        last = self.filters[-1] if name.startswith("conv") else self.channels
        self.dy = (self.n, *count, last)

    def shape_of(self, parameter):
        """Return the shape of a view."""
        return {"x": self.x, "w": self.filters, "dy": self.dy, "places": self.dy}[parameter]

    def number(self, parameter, name):
        """Return an argument that is no view; rarely, one that does not fit."""
        if parameter == "shape":
            value = self.filters if name == "conv2d_weight_gradient" else self.x
        else:
            value = getattr(self, parameter)
        if self.rng.random() > 0.04:
            return value
        if parameter == "groups":
            return self.rng.choice(STRANGE)
        strange = STRANGE[:3] if parameter in ("padding", "shape") else STRANGE
        at = self.rng.randrange(len(value))
        return tuple(itertools.chain(value[:at], [self.rng.choice(strange)], value[at + 1 :]))
