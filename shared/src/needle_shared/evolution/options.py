"""The options of the command line, and what they are where nobody says."""

import argparse
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from needle_shared.evolution.cells import CELLS
from needle_shared.evolution.workloads import CELLS as WORKLOAD_CELLS

NETWORK = "network"  # the workload of the two-layer network
CELLS_OF: dict[str, Mapping[str, str]] = {NETWORK: CELLS, **WORKLOAD_CELLS}

_TEXT = {"steps": 250, "embedding": 64, "hidden": 64, "bptt": 40, "lr": 1.0, "batch": 16}
_IMAGES = {"steps": 250, "lr": 0.03, "batch": 64}

# The settings of each workload and data set; the first data set is the usual one. Of the network,
# epochs until the test error hardly falls, and repeats for a steady median; on MNIST the course's
# sizes.
DEFAULTS: dict[str, dict[str, dict[str, float]]] = {
    NETWORK: {
        "digits": {"epochs": 30, "repeats": 15, "hidden": 100, "lr": 0.2, "batch": 100},
        "mnist": {"epochs": 20, "repeats": 5, "hidden": 400, "lr": 0.2, "batch": 100},
        "synthetic": {"epochs": 5, "repeats": 5, "hidden": 100, "lr": 0.2, "batch": 100},
    },
    "text": {"doc-text": _TEXT, "ptb": _TEXT},
    "images": {"digits-on-photo": _IMAGES, "cifar10": _IMAGES},
}


def read_options(argv: Sequence[str] | None) -> argparse.Namespace:
    """Return the options; those that the workload does not have are None.

    Ends the process with a message if one is wrong.
    """
    parser = _parser()
    options = parser.parse_args(argv)
    sets = DEFAULTS[options.workload]
    options.data = options.data or next(iter(sets))
    if options.data not in sets:
        parser.error(f"--workload {options.workload} has the data sets {', '.join(sets)}")
    defaults = sets[options.data]
    for name in _SETTINGS:
        if name in defaults:
            given = getattr(options, name)
            setattr(options, name, defaults[name] if given is None else given)
        elif getattr(options, name) is not None:
            parser.error(f"--{name} is no setting of --workload {options.workload}")
    suffix = "" if options.workload == NETWORK else f"-{options.workload}"
    options.out = options.out or Path("results", f"compare{suffix}.json")
    return options


_SETTINGS = {
    "epochs": "epochs of the training",
    "repeats": "timed epochs per cell",
    "steps": "steps of the training",
    "embedding": "features of a word",
    "hidden": "hidden units",
    "bptt": "words through which gradients flow back",
    "lr": "learning rate",
    "batch": "images or texts per step",
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m needle_shared.evolution",
        description="Train the same network on every stage, side by side.",
    )
    count = _number(int, "a whole number of at least 1", lambda value: value >= 1)
    positive = _number(float, "a number above 0", lambda value: 0 < value < math.inf)
    add = parser.add_argument
    add("--workload", choices=list(DEFAULTS), default=NETWORK, help="what learns (%(default)s)")
    every = dict.fromkeys(data for sets in DEFAULTS.values() for data in sets)
    usual = ", ".join(f"{workload} {next(iter(sets))}" for workload, sets in DEFAULTS.items())
    add("--data", choices=list(every), help=f"data set ({usual})")
    add("--data-dir", type=Path, metavar="DIR", help="folder that holds the data set")
    for name, meaning in _SETTINGS.items():
        kind, metavar = (positive, "LR") if name == "lr" else (count, "N")
        add(f"--{name}", type=kind, metavar=metavar, help=f"{meaning} ({_each(name)})")
    known = ", ".join(dict.fromkeys(name for cells in CELLS_OF.values() for name in cells))
    add("--cells", type=_names, metavar="NAME,...", help=f"some of {known}, or module:Class")
    add("--timeout", type=positive, metavar="S", default=300.0, help="seconds for one answer")
    default = "results/compare.json, compare-text.json, compare-images.json"
    add("--out", type=Path, metavar="FILE", help=f"results ({default})")
    return parser


def _each(name: str) -> str:
    values = {
        data: settings[name]
        for sets in DEFAULTS.values()
        for data, settings in sets.items()
        if name in settings
    }
    return ", ".join(f"{data} {value:g}" for data, value in values.items())


def _number(
    convert: Callable[[str], float], rule: str, holds: Callable[[float], bool]
) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            value = convert(text)
        except ValueError:
            value = math.nan
        if not holds(value):
            raise argparse.ArgumentTypeError(f"{text!r} is not {rule}")
        return value

    return parse


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]
