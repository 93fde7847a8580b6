"""The stages that are compared, in order: the first is the one that the others are divided by."""

from collections.abc import Mapping

# Names to "module:Class". They are strings, because a cell is imported in its own process only.
CELLS = {
    "hw0-numpy": "needle_shared.evolution.cells.hw0:NumpyCell",
    "hw0-cpp": "needle_shared.evolution.cells.hw0:CppCell",
    "hw1": "needle_shared.evolution.cells.hw1:TensorCell",
    "hw2": "needle_shared.evolution.cells.hw2:ModuleCell",
    "hw4-numpy": "needle_shared.evolution.cells.hw4:NumpyDeviceCell",
    "hw4-cpp": "needle_shared.evolution.cells.hw4:CppDeviceCell",
    "hw4-cuda": "needle_shared.evolution.cells.hw4:CudaDeviceCell",
}


def resolve(name: str, cells: Mapping[str, str] = CELLS) -> str:
    """Return the "module:Class" of a cell: by its name in `cells`, or `name` itself if it is one.

    Raises ValueError for anything else.
    """
    if name in cells:
        return cells[name]
    module, _, attribute = name.partition(":")
    if module and attribute.isidentifier():
        return name
    raise ValueError(f"no cell is named {name!r}: use {', '.join(cells)} or module:Class")
