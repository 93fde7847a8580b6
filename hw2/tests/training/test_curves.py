"""The picture of the results."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from needle_hw2.training import curves


def history(epochs, **metrics):
    """Return rows in which each metric falls as 1 / epoch, times its factor."""
    return [
        {
            "epoch": epoch,
            **{f"{part}_{name}": factor / epoch for name, factor in metrics.items()
               for part in ("train", "test")},
            "seconds": 1.0,
        }
        for epoch in range(1, epochs + 1)
    ]  # fmt: skip


@pytest.fixture
def figures(monkeypatch):
    """Return the figures that are drawn."""
    from matplotlib.figure import Figure

    made = []

    class Noted(Figure):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            made.append(self)

    monkeypatch.setattr("matplotlib.figure.Figure", Noted)
    return made


@pytest.mark.parametrize("epochs", [1, 2, 10, 100])
def test_picture_has_both_curves_of_each_metric(tmp_path, figures, epochs):
    rows = history(epochs, loss=1.0, error=0.5)
    for row in rows:
        row["test_loss"] *= 2
    curves.draw_curves(rows, tmp_path / "c.png")
    loss, error = figures[0].axes
    assert (loss.get_title(), error.get_title()) == ("loss", "error")
    assert [text.get_text() for text in loss.get_legend().get_texts()] == ["training", "test"]
    x = np.arange(1, epochs + 1)
    for line, factor in zip(loss.lines, (1.0, 2.0), strict=True):
        np.testing.assert_array_equal(line.get_xdata(), x)
        np.testing.assert_allclose(line.get_ydata(), factor / x)
    assert loss.get_xlabel() == "epoch"


def test_picture_is_a_png_of_readable_size(tmp_path):
    curves.draw_curves(history(5, loss=1.0, error=0.5), tmp_path / "c.png")
    height, width, _ = imread(tmp_path / "c.png").shape
    assert (width, height) == (1080, 420)


def test_scale_is_logarithmic_only_over_a_wide_range_above_zero(tmp_path, figures):
    rows = history(10, wide=1.0, narrow=1.0, zero=1.0)
    for row in rows:
        row["test_narrow"] = row["train_narrow"] = 1 + 0.1 * row["epoch"]
        row["test_zero"] = 0.0
    curves.draw_curves(rows, tmp_path / "c.png")
    assert [axes.get_yscale() for axes in figures[0].axes] == ["log", "linear", "linear"]
    assert figures[0].axes[1].get_ylim()[0] == 0


def test_errors_are_in_per_cent(tmp_path, figures):
    curves.draw_curves(history(10, loss=1.0, error=0.5), tmp_path / "c.png")
    loss, error = figures[0].axes
    assert error.yaxis.get_major_formatter()(0.05, 0) == "5 %"
    assert loss.yaxis.get_major_formatter()(0.05, 0) == "0.05"


def test_global_state_of_matplotlib_is_not_touched(tmp_path):
    code = """
import sys, matplotlib
def settings():  # reading the backend otherwise chooses one
    return {name: dict.__getitem__(matplotlib.rcParams, name) for name in matplotlib.rcParams}
before = settings()
from needle_hw2.training.curves import draw_curves
row = {"epoch": 1, "train_loss": 1.0, "test_loss": 2.0}
draw_curves([row], sys.argv[1])
assert settings() == before
assert "matplotlib.pyplot" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "c.png")], capture_output=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_matplotlib_is_not_imported_before_it_is_needed():
    code = "import sys, needle_hw2.cli; assert 'matplotlib' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_it_is_known_whether_curves_can_be_drawn(monkeypatch):
    assert curves.can_draw()
    monkeypatch.setattr(curves, "find_spec", lambda _: None)
    assert not curves.can_draw()


def test_error_while_drawing_leaves_the_old_picture(tmp_path, monkeypatch):
    path = tmp_path / "c.png"
    path.write_bytes(b"old")

    def fail(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    with pytest.raises(OSError, match="No space"):
        curves.draw_curves(history(2, loss=1.0), path)
    assert path.read_bytes() == b"old"
