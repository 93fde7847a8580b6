"""The names of the course, and what answers them in each stage.

Everything of a stage is named by a string and imported when it is used, so that `needle_shared`
needs no stage.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import ModuleType

from needle_shared.course.arrays import (
    DeviceModule,
    Float32AutogradModule,
    Float32DeviceModule,
    ModelsModule,
    TrainingModule,
)
from needle_shared.course.attention import AttentionModule
from needle_shared.course.float32 import Float32Module
from needle_shared.course.modules import AliasModule, AutogradModule, SeedingModule
from needle_shared.course.mugrade import Mugrade
from needle_shared.course.native import NativeModule


@dataclass(frozen=True)
class Stage:
    """The package of a stage, and what makes each module of the course that it answers.

    `also` names the packages of earlier stages that the package itself does not import.
    """

    package: str
    modules: Mapping[str, Callable[[str], ModuleType]]
    also: tuple[str, ...] = ()


def answered_by(
    source: str | None,
    names: Mapping[str, str] | None = None,
    kind: type[AliasModule] = AliasModule,
) -> Callable[[str], ModuleType]:
    """Return a function from a module's name to that module; see `AliasModule`."""
    return partial(kind, source=source, names=names or {})


def package(
    name: str, answer: Callable[[str], ModuleType], *inner: str
) -> dict[str, Callable[[str], ModuleType]]:
    """Return entries for a package of the course and for modules inside, answered alike."""
    return dict.fromkeys([name, *(f"{name}.{module}" for module in inner)], answer)


BACKEND = "np"
"""The course's name of the array library that its tensors hold."""

# What star imports leak in the course, and its code therefore uses under those names.
NUMPY = {"np": "numpy"}
SIMPLE_ML_LEAKS = {**NUMPY, "struct": "struct", "gzip": "gzip"}
TYPING_LEAKS = {name: f"typing:{name}" for name in ("List", "Optional", "Tuple", "Union")}
BACKEND_LEAKS = {
    "BACKEND": "needle_shared.course.table:BACKEND",
    "NDArray": "numpy:ndarray",
    "array_api": "numpy",
}
NEEDLE_LEAKS = {
    **{name: f"needle_hw1:{name}" for name in ("Op", "TensorOp", "Value", "Tensor")},
    **BACKEND_LEAKS,
    **TYPING_LEAKS,
    "numpy": "numpy",
    "Number": "numbers:Number",
}
AUTOGRAD_LEAKS = {
    **NEEDLE_LEAKS,
    **{name: f"needle_hw1:{name}" for name in ("Device", "cpu", "all_devices")},
    "init": "needle.init",
}

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
    "needle.autograd": answered_by("needle_hw1.autograd", AUTOGRAD_LEAKS, AutogradModule),
    **package("needle.ops", answered_by("needle_hw1.ops", NEEDLE_LEAKS), "ops_mathematic"),
    **package("needle.init", answered_by("needle_hw1.init", {"ndl": "needle"}), "init_basic"),
    "needle.backend_numpy": answered_by("needle_hw1.device", {"numpy": "numpy"}),
    "apps": answered_by(None),
    "apps.simple_ml": HW1_SIMPLE_ML,
    "simple_ml": HW1_SIMPLE_ML,
    "mugrade": Mugrade,
}

TUPLES = {name: f"needle_hw2:{name}" for name in ("TensorTuple", "TensorTupleOp")}
HW2_OPS = answered_by("needle_hw2.ops", {**NEEDLE_LEAKS, **TUPLES})
HW2_INIT = answered_by("needle_hw2.init", {"ndl": "needle", "math": "math"})
HW2_NN = answered_by(
    "needle_hw2.nn",
    {
        **NUMPY,
        **{name: f"typing:{name}" for name in ("List", "Callable", "Any")},
        "Tensor": "needle_hw1:Tensor",
        "ops": "needle.ops",
        "init": "needle.init",
    },
)
HW2_DATA = answered_by("needle_hw2.data", {**NUMPY, **TYPING_LEAKS, "Tensor": "needle_hw1:Tensor"})
HW2_MLP_RESNET = answered_by(
    "needle_hw2.apps.mlp_resnet",
    {
        **NUMPY,
        **{name: name for name in ("sys", "time", "os")},
        "ndl": "needle",
        "nn": "needle.nn",
    },
    SeedingModule,
)
HW2 = {
    **HW1,
    "needle": answered_by("needle_hw2", {**NEEDLE_LEAKS, **TUPLES}),
    "needle.autograd": answered_by(
        "needle_hw1.autograd", {**AUTOGRAD_LEAKS, **TUPLES}, AutogradModule
    ),
    **package("needle.ops", HW2_OPS, "ops_mathematic", "ops_logarithmic", "ops_tuple"),
    **package("needle.init", HW2_INIT, "init_basic", "init_initializers"),
    **package("needle.nn", HW2_NN, "nn_basic"),
    "needle.optim": answered_by("needle_hw2.optim", {**NUMPY, "ndl": "needle"}),
    **package("needle.data", HW2_DATA, "data_basic", "data_transforms"),
    **package("needle.data.datasets", HW2_DATA, "mnist_dataset", "ndarray_dataset"),
    "needle.backend_selection": answered_by("needle_hw1.device", BACKEND_LEAKS),
    "apps.mlp_resnet": HW2_MLP_RESNET,
    "mlp_resnet": HW2_MLP_RESNET,
}

HW3_BACKEND = "nd"
"""The same in hw3, whose tensors are those of hw1 on the arrays and devices of hw3."""

DEVICES = {
    name: f"needle_hw3:{name}"
    for name in ("all_devices", "cpu", "cpu_numpy", "cuda", "default_device")
}
HW3_SELECTION = {
    **DEVICES,
    "BACKEND": "needle_shared.course.table:HW3_BACKEND",
    "Device": "needle_hw3:BackendDevice",
    "NDArray": "needle.backend_ndarray:NDArray",
    "array_api": "needle.backend_ndarray",
}
HW3_NEEDLE = {**NEEDLE_LEAKS, **HW3_SELECTION}
NDARRAY = answered_by(
    "needle_hw3.backend_ndarray",
    {
        **NUMPY,
        **{name: name for name in ("math", "operator")},
        "prod": "math:prod",
        "reduce": "functools:reduce",
    },
    Float32Module,
)
HW3: dict[str, Callable[[str], ModuleType]] = {
    **HW1,
    "needle": answered_by("needle_hw1", HW3_NEEDLE, DeviceModule),
    "needle.autograd": answered_by(
        "needle_hw1.autograd", {**AUTOGRAD_LEAKS, **HW3_SELECTION}, AutogradModule
    ),
    **package("needle.ops", answered_by("needle_hw1.ops", HW3_NEEDLE), "ops_mathematic"),
    "needle.backend_selection": answered_by(None, HW3_SELECTION),
    **package("needle.backend_ndarray", NDARRAY, "ndarray"),
    **{
        f"needle.backend_ndarray.ndarray_backend_{name}": partial(
            NativeModule, device=f"needle_hw3:{device}"
        )
        for name, device in {"cpu": "cpu", "numpy": "cpu_numpy"}.items()
    },
}

HW4_NEEDLE = {**HW3_NEEDLE, **TUPLES}
HW4_OPS = answered_by("needle_hw4.ops", HW4_NEEDLE, Float32Module)
HW4_INIT = answered_by("needle_hw2.init", {"ndl": "needle", "math": "math"}, Float32Module)
HW4_NN = answered_by(
    "needle_hw4.nn",
    {
        **NUMPY,
        **{name: f"typing:{name}" for name in ("List", "Callable", "Any")},
        "Tensor": "needle_hw1:Tensor",
        "math": "math",
        "ndarray": "needle.backend_ndarray.ndarray",
        "ops": "needle.ops",
        "init": "needle.init",
    },
    AttentionModule,
)
HW4_DATA = answered_by(
    "needle_hw4.data",
    {
        **NUMPY,
        **TYPING_LEAKS,
        **{name: name for name in ("os", "pickle")},
        "Tensor": "needle_hw1:Tensor",
        "nd": "needle.backend_ndarray",
    },
    Float32Module,
)
HW4_APP_LEAKS = {
    **NUMPY,
    **{name: name for name in ("math", "sys", "time")},
    "ndl": "needle",
    "nn": "needle.nn",
}
HW4_MODELS = answered_by("needle_hw4.models", HW4_APP_LEAKS, ModelsModule)
HW4_SIMPLE_ML = answered_by(
    "needle_hw4.apps.simple_ml",
    {
        **SIMPLE_ML_LEAKS,
        **HW4_APP_LEAKS,
        **{name: f"needle_hw4.models:{name}" for name in ("ConvBN", "LanguageModel", "ResNet9")},
        "parse_mnist": "needle_hw0:parse_mnist",
    },
    TrainingModule,
)
HW4 = {
    **HW3,
    "needle": answered_by("needle_hw4", HW4_NEEDLE, Float32DeviceModule),
    "needle.autograd": answered_by(
        "needle_hw1.autograd", {**AUTOGRAD_LEAKS, **HW3_SELECTION, **TUPLES}, Float32AutogradModule
    ),
    **package("needle.ops", HW4_OPS, "ops_mathematic", "ops_logarithmic", "ops_tuple"),
    **package("needle.init", HW4_INIT, "init_basic", "init_initializers"),
    **package("needle.nn", HW4_NN, "nn_basic", "nn_conv", "nn_sequence", "nn_transformer"),
    "needle.optim": answered_by("needle_hw2.optim", {**NUMPY, "ndl": "needle"}),
    **package("needle.data", HW4_DATA, "data_basic", "data_transforms"),
    **package(
        "needle.data.datasets",
        HW4_DATA,
        "cifar10_dataset",
        "mnist_dataset",
        "ndarray_dataset",
        "ptb_dataset",
    ),
    "apps.models": HW4_MODELS,
    "models": HW4_MODELS,
    "apps.simple_ml": HW4_SIMPLE_ML,
    "simple_ml": HW4_SIMPLE_ML,
}

STAGES = {
    "hw0": Stage("needle_hw0", HW0),
    "hw1": Stage("needle_hw1", HW1),
    "hw2": Stage("needle_hw2", HW2),
    "hw3": Stage("needle_hw3", HW3, also=("needle_hw1",)),
    "hw4": Stage("needle_hw4", HW4),
}
"""Every stage that course code can run on, by its name."""
