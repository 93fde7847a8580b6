"""The state of a model and an optimiser, to a file and back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from needle_hw1 import Tensor
from needle_hw2.checkpoint import archive
from needle_hw2.checkpoint.archive import CheckpointError, NumpyArray
from needle_hw2.nn import Module
from needle_hw2.optim import Optimizer

Arrays = dict[str, NumpyArray]


def save(
    model: Module, optimizer: Optimizer | None, path: str | Path, *, progress: Any = None
) -> None:
    """Write the state of `model`, of `optimizer` unless it is None, and `progress` to `path`.

    The tensors are named "model.NAME" and "optimizer.INDEX.NAME"; everything else is JSON in the
    metadata. `progress` is any value that JSON gives back as it was. What was at `path` is replaced
    when all is written; after an error, such as a full disk, it is still there.

    Raises `CheckpointError` for what cannot be saved, `OSError` if it cannot be written.
    """
    tensors = {f"model.{name}": tensor.numpy() for name, tensor in model.state_dict().items()}
    values = {"progress": progress}
    if optimizer is not None:
        moments, values["optimizer"] = _split(optimizer)
        tensors.update(moments)
    archive.write(path, tensors, values)


def load(model: Module, optimizer: Optimizer | None, path: str | Path) -> Any:
    """Set the state of `model`, and of `optimizer` unless it is None; return the progress.

    Raises `CheckpointError`, which names the file and what is wrong in it, if it is no whole
    checkpoint or one of another model or optimiser, and `OSError` if it cannot be read. Then
    neither model nor optimiser was changed.
    """
    tensors, values = archive.read(path)
    progress = _progress(path, values)
    mine, others = _by_owner(path, tensors)
    state = {} if optimizer is None else _join(path, others, values)
    before = model.state_dict()
    try:
        model.load_state_dict(mine)
        if optimizer is not None:
            optimizer.load_state_dict(state)
    except BaseException as error:
        model.load_state_dict(before)
        if isinstance(error, ValueError | TypeError):
            raise CheckpointError(path, error) from error
        raise
    return progress


def read_progress(path: str | Path) -> Any:
    """Return the progress of the checkpoint at `path` alone; errors are those of `load`."""
    return _progress(path, archive.read(path)[1])


def _progress(path: str | Path, values: dict[str, Any]) -> Any:
    if "progress" not in values:
        raise CheckpointError(path, "it has no field 'progress'")
    return values["progress"]


def _by_owner(path: str | Path, tensors: Arrays) -> tuple[Arrays, Arrays]:
    """Return the tensors of the model and those of the optimiser, by their names in there."""
    owners: dict[str, Arrays] = {"model": {}, "optimizer": {}}
    for full_name, array in tensors.items():
        owner, _, name = full_name.partition(".")
        if owner not in owners:
            raise CheckpointError(path, f"unexpected {full_name}")
        owners[owner][name] = array
    return owners["model"], owners["optimizer"]


def _split(optimizer: Optimizer) -> tuple[Arrays, dict[str, Any]]:
    """Return the tensors of an optimiser's state by their names, and the rest."""
    state = optimizer.state_dict()
    tensors: Arrays = {}
    numbers: dict[str, dict[str, Any]] = {}
    for index, slots in state["state"].items():
        kept = numbers[str(index)] = {}
        for name, value in slots.items():
            if isinstance(value, Tensor):
                tensors[f"optimizer.{index}.{name}"] = value.numpy()
            else:
                kept[name] = value
    return tensors, {**state, "state": numbers}


def _join(path: str | Path, tensors: Arrays, values: dict[str, Any]) -> dict[str, Any]:
    """Return the state that `_split` took apart."""
    saved = values.get("optimizer")
    if saved is None:
        raise CheckpointError(path, "it holds no optimiser")
    try:
        state = {int(index): dict(slots) for index, slots in saved["state"].items()}
        for name, array in tensors.items():
            index, slot = name.split(".")
            state[int(index)][slot] = Tensor(array, requires_grad=False)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(path, f"field optimizer is malformed: {error!r}") from error
    return {**saved, "state": state}
