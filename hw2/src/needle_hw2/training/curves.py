"""The results over the epochs as a picture."""

from __future__ import annotations

import io
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from needle_hw2.checkpoint.atomic import write_atomically
from needle_hw2.training.progress import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TRAINING, TEST = "#8da0cb", "#d1495b"
SHARES = {"error", "accuracy"}  # shown in per cent


def can_draw() -> bool:
    """Return whether `draw_curves` can draw: whether matplotlib is installed."""
    return find_spec("matplotlib") is not None


def draw_curves(history: Sequence[Row], path: str | Path) -> None:
    """Write a PNG to `path`, atomically: for each metric its training and test means by epoch.

    `history` has at least one row. An axis is logarithmic where the values span a factor above 4.
    Raises `ImportError` without matplotlib, whose global state is not touched.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 -- optional
    from matplotlib.figure import Figure  # noqa: PLC0415

    metrics = [name.removeprefix("test_") for name in history[0] if name.startswith("test_")]
    figure = Figure(figsize=(3.6 * len(metrics), 2.8), dpi=150, layout="constrained")
    FigureCanvasAgg(figure)
    all_axes = figure.subplots(1, len(metrics), squeeze=False)[0]
    for metric, axes in zip(metrics, all_axes, strict=True):
        _draw(axes, metric, history)
    picture = io.BytesIO()
    figure.savefig(picture, format="png")
    write_atomically(path, picture.getvalue())


def _draw(axes: Axes, metric: str, history: Sequence[Row]) -> None:
    """Draw the two curves of `metric`."""
    epochs = [row["epoch"] for row in history]
    marker = "o" if len(history) <= 30 else ""
    for part, name, color in (("train", "training", TRAINING), ("test", "test", TEST)):
        values = [row[f"{part}_{metric}"] for row in history]
        axes.plot(epochs, values, color=color, label=name, marker=marker, markersize=3)
    axes.set_title(metric.replace("_", " "), fontsize=10)
    axes.set_xlabel("epoch", fontsize=9)
    axes.legend(frameon=False, fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#e6e6e6", linewidth=0.6)
    axes.tick_params(labelsize=8, which="both")
    _scale(axes, metric, [row[f"{part}_{metric}"] for row in history for part in ("train", "test")])


def _scale(axes: Axes, metric: str, values: Sequence[float]) -> None:
    """Choose the scale of the y axis, and numbers that can be read."""
    from matplotlib import ticker  # noqa: PLC0415 -- optional

    number = ticker.FuncFormatter(lambda y, _: f"{y:.3g}")
    percent = ticker.FuncFormatter(lambda y, _: f"{100 * y:.3g} %")
    form = percent if metric in SHARES else number
    axes.xaxis.set_major_locator(ticker.MaxNLocator(integer=True, min_n_ticks=1))
    if min(values) > 0 and max(values) > 4 * min(values):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(ticker.LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_minor_formatter(ticker.NullFormatter())
    else:
        axes.set_ylim(bottom=min(0, *values))
    axes.yaxis.set_major_formatter(form)
