"""The arguments of kernels that compute layers and steps of optimisers.

A view's shape is written in letters, equal ones being equal sizes: "S" is any shape, "q" is 4d.
A kernel without a line here gets hostile arguments for the parameters that are not known.
"""

SHAPES = {
    "softmax": {"x": "Sd"},
    "softmax_gradient": {"grad": "Sd", "y": "Sd"},
    "log_softmax": {"x": "Sd"},
    "log_softmax_gradient": {"grad": "Sd", "y": "Sd"},
    "logsumexp": {"x": "Sd"},
    "softmax_loss": {"z": "md", "labels": "m"},
    "softmax_loss_gradient": {"z": "md", "labels": "m", "totals": "m", "grad": "m"},
    "batch_norm": {"x": "md", "weight": "d", "bias": "d"},
    "batch_norm_gradient": {
        "grad": "md", "x": "md", "weight": "d", "mean": "d", "variance": "d",
    },
    "layer_norm": {"x": "Sd", "weight": "d", "bias": "d"},
    "layer_norm_gradient": {
        "grad": "Sd", "x": "Sd", "weight": "d", "mean": "S", "variance": "S",
    },
    "lstm_cell": {"gates": "mq", "c": "md"},
    "lstm_cell_gradient": {
        "grad_h": "md", "grad_c": "md", "activations": "mq", "c": "md", "c_new": "md",
    },
    "adam_steps": {"ps": "S", "gs": "S", "ms": "S", "vs": "S"},
    "sgd_steps": {"ps": "S", "gs": "S", "velocities": "S"},
}  # fmt: skip
LISTS = ("ps", "gs", "ms", "vs", "velocities")
"""Parameters that are lists of views; those of one place in the lists have one shape."""
WRITTEN = {"adam_steps": ("ms", "vs"), "sgd_steps": ("velocities",)}
NUMBERS = {
    **dict.fromkeys(("scale", "lr", "momentum", "share", "weight_decay"), (0.0, 0.5, 1.0, 3)),
    **dict.fromkeys(("beta1", "beta2", "smoothing"), (0.0, 0.25, 0.5)),
    **dict.fromkeys(("causal", "decoupled", "nesterov"), (False, True)),
    "eps": (0.5, 1.0),
    "step": (1, 1, 2, 5, 0, -1, 2**31),
}
"""Numbers that are neither rounded nor enlarged: the devices compute in different orders."""


def shape_of(letters, sizes, shape):
    """Return the shape that `letters` stand for, where S is `shape`."""
    result = []
    for letter in letters:
        if letter == "S":
            result.extend(shape)
        else:
            result.append(4 * sizes["d"] if letter == "q" else sizes[letter])
    return tuple(result)
