"""The names of the course, and what answers them in each stage.

Everything of a stage is named by a string and imported when it is used, so that `needle_shared`
needs no stage.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from needle_shared.course.modules import AliasModule, AutogradModule
from needle_shared.course.mugrade import Mugrade


@dataclass(frozen=True)
class Stage:
    """The package of a stage, and what makes each module of the course that it answers."""

    package: str
    modules: Mapping[str, Callable[[str], ModuleType]]


def answered_by(
    source: str | None,
    names: Mapping[str, str] | None = None,
    kind: type[AliasModule] = AliasModule,
) -> Callable[[str], ModuleType]:
    """Return a function from a module's name to that module; see `AliasModule`."""
    return partial(kind, source=source, names=names or {})


# What star imports leak in the course, and its code therefore uses under those names.
SIMPLE_ML_LEAKS = {"np": "numpy", "struct": "struct", "gzip": "gzip"}
NEEDLE_LEAKS = {
    "Op": "needle_hw1:Op",
    "TensorOp": "needle_hw1:TensorOp",
    "Value": "needle_hw1:Value",
    "Tensor": "needle_hw1:Tensor",
    "NDArray": "numpy:ndarray",
    "array_api": "numpy",
    "numpy": "numpy",
    "List": "typing:List",
    "Optional": "typing:Optional",
    "Tuple": "typing:Tuple",
    "Union": "typing:Union",
    "Number": "numbers:Number",
}
DEVICE_LEAKS = {name: f"needle_hw1:{name}" for name in ("Device", "cpu", "all_devices")}

HW0 = {
    "simple_ml": answered_by("needle_hw0", SIMPLE_ML_LEAKS),
    "simple_ml_ext": answered_by(
        None,
        {
            "softmax_regression_epoch_cpp": "needle_hw0:softmax_regression_epoch_cpp",
            "nn_epoch_cpp": "needle_hw0:nn_epoch_cpp",
        },
    ),
    "mugrade": Mugrade,
}

HW1_SIMPLE_ML = answered_by(
    "needle_hw1.apps.simple_ml",
    {**SIMPLE_ML_LEAKS, "ndl": "needle", "parse_mnist": "needle_hw0:parse_mnist"},
)
HW1 = {
    "needle": answered_by("needle_hw1", NEEDLE_LEAKS),
    "needle.autograd": answered_by(
        "needle_hw1.autograd",
        {**NEEDLE_LEAKS, **DEVICE_LEAKS, "init": "needle.init"},
        AutogradModule,
    ),
    "needle.ops": answered_by("needle_hw1.ops", NEEDLE_LEAKS),
    "needle.ops.ops_mathematic": answered_by("needle_hw1.ops", NEEDLE_LEAKS),
    "needle.init": answered_by("needle_hw1.init"),
    "needle.init.init_basic": answered_by("needle_hw1.init", {"ndl": "needle"}),
    "needle.backend_numpy": answered_by("needle_hw1.device", {"numpy": "numpy"}),
    "apps": answered_by(None),
    "apps.simple_ml": HW1_SIMPLE_ML,
    "simple_ml": HW1_SIMPLE_ML,
    "mugrade": Mugrade,
}

STAGES = {"hw0": Stage("needle_hw0", HW0), "hw1": Stage("needle_hw1", HW1)}
"""Every stage that course code can run on, by its name."""
