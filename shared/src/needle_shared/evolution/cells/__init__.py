"""The stages that are compared, in order: the first is the one that the others are divided by."""

# Names to "module:Class". They are strings, because a cell is imported in its own process only.
CELLS = {
    "hw0-numpy": "needle_shared.evolution.cells.hw0:NumpyCell",
    "hw0-cpp": "needle_shared.evolution.cells.hw0:CppCell",
    "hw1": "needle_shared.evolution.cells.hw1:TensorCell",
    "hw2": "needle_shared.evolution.cells.hw2:ModuleCell",
    "hw4-numpy": "needle_shared.evolution.cells.hw4:NumpyDeviceCell",
    "hw4-cpp": "needle_shared.evolution.cells.hw4:CppDeviceCell",
}


def resolve(name: str) -> str:
    """Return the "module:Class" of a cell: of a stage by its name, or `name` itself if it is one.

    Raises ValueError for anything else.
    """
    if name in CELLS:
        return CELLS[name]
    module, _, attribute = name.partition(":")
    if module and attribute.isidentifier():
        return name
    raise ValueError(f"no cell is named {name!r}: use {', '.join(CELLS)} or module:Class")
