"""The table as a reader sees it."""

import io

import pytest
from rich.console import Console

from needle_shared.evolution.report import report
from needle_shared.evolution.results import CellResult, Comparison, Disagreement, StageNames

TITLE = "784-100-10 network, digits (1,500 images), 30 epochs, lr 0.2, batch 100"


def row(name, seconds, **values):
    usual = {"training_loss": 0.0123456, "test_error": 0.0303, "peak_memory_mib": 1234.5}
    lines = {"user_lines": 19, "library_lines": 1045}
    return CellResult(name, losses=[2.0], seconds=[seconds], **{**usual, **lines, **values})


def shown(rows, disagreements=(), *, width=80, color=None, kinks=0, stages=(), steps=None):
    console = Console(
        file=io.StringIO(), width=width, color_system=color, force_terminal=color is not None
    )
    found = [list(rows), list(disagreements), 300, 1.1e-4, 2.6e-6, kinks, list(stages)]
    report(console, Comparison(*found), TITLE, steps)
    return console.file.getvalue()


def line(text, start):
    (found,) = [line for line in text.splitlines() if line.startswith(start)]
    return found.split()


def test_a_row_holds_every_number():
    text = shown([row("hw0-numpy", 0.0066), row("hw1", 0.0132)])
    assert line(text, " hw1 ") == [
        "hw1", "13.2", "2.00×", "0.0123", "3.03", "%", "1,234", "19", "1,045",
    ]  # fmt: skip
    assert "✓ hw0-numpy, hw1 agree: 300 losses within 2.6e-06 (1.1e-04 allowed)" in text


@pytest.mark.parametrize("seconds", [0.0066, 123.4])
def test_nothing_is_cut_off_on_a_narrow_terminal(seconds):
    rows = [row("hw0-numpy", seconds), CellResult("a_module.of_mine:MyOwnCell")]
    text = shown([*rows, CellResult("hw2", state="missing", reason="needle_hw2 is not installed")])
    assert "…" not in text
    assert max(map(len, text.splitlines())) <= 80


def test_of_a_workload_steps_are_timed_and_nothing_is_tested():
    rows = [row("a", 0.0066, test_error=None), row("b", 0.0132, test_error=None)]
    text = shown(rows, steps=250)
    assert line(text, " b ") == ["b", "13.2", "2.00×", "0.0123", "1,234", "19", "1,045"]
    assert "test" not in text.replace(TITLE, "")
    assert "epoch" not in text.replace(TITLE, "")
    assert "250 steps" in text
    assert "✓ a, b agree: 300 losses within 2.6e-06 (1.1e-04 allowed)" in text


def test_epochs_of_a_second_and_more_are_in_seconds():
    text = shown([row("a", 1.25), row("b", 0.5)])
    assert line(text, " a ")[1] == "1.25"
    assert line(text, " b ")[1:3] == ["0.50", "0.40×"]
    assert " ms " not in text


def test_a_value_that_is_not_there_is_a_dash():
    text = shown([row("a", 1.0), CellResult("b", seconds=[1.0])])
    assert line(text, " b ") == ["b", "1.00", "1.00×", "–", "–", "–", "–", "–"]


def test_ratios_are_to_the_first_cell_that_was_timed():
    rows = [CellResult("broken", state="failed"), row("a", 0.5), row("b", 1.0)]
    assert line(shown(rows), " b ")[2] == "2.00×"


def test_a_disagreement_is_red_in_table_and_text():
    found = Disagreement("b", "a", 3, 2.5, 2.0, "b disagrees with a from step 3 on")
    text = shown([row("a", 1.0), row("b", 1.0)], [found], color="standard")
    (cell,) = [
        line
        for line in text.splitlines()
        if line.lstrip().startswith("\x1b[1;31m") and "b" in line and "✗" not in line
    ]
    assert "1.00" in cell
    assert "\x1b[1;31m✗ b disagrees with a from step 3 on" in text
    assert "agree:" not in text


def test_a_failure_shows_its_reason_and_the_end_of_what_was_printed():
    log = "\n".join(f"printed line {i}" for i in range(100))
    failed = CellResult("b", state="failed", reason="ValueError: [red]no[/red]", log=log)
    text = shown([row("a", 1.0), failed])
    assert "✗ b failed: ValueError: [red]no[/red]" in text
    assert "printed line 99" in text
    assert "printed line 50" not in text
    assert line(text, " a ")[1] == "1.00"


def test_names_are_not_read_as_markup():
    text = shown([row("a", 1.0), row("m[bold]:C", 1.0)], width=100)
    assert line(text, " m")[0] == "m[bold]:C"
    assert "✓ a, m[bold]:C agree" in text


def test_a_missing_stage_says_so():
    text = shown([row("a", 1.0), CellResult("hw1", state="missing", reason="X is not installed")])
    assert line(text, " hw1 ") == ["hw1", *["–"] * 7]
    assert "hw1: X is not installed" in text
    assert "✗" not in text
    assert "Fewer than two cells finished" in text


def test_kinks_are_not_passed_over_in_silence():
    rows = [row("a", 1.0), row("b", 1.0)]
    assert "kinks" not in shown(rows)
    assert "allowed, but where a ReLU crossed 2 kinks)" in " ".join(shown(rows, kinks=2).split())
    assert "allowed, but where a ReLU crossed 1 kink)" in " ".join(shown(rows, kinks=1).split())


def test_an_empty_comparison_is_shown():
    assert TITLE in shown([])


LAYERS = [f"Layer{i}" for i in range(30)]
STAGES = [
    StageNames("needle_hw0", {"needle_hw0": ["add", "softmax_loss"]}),
    StageNames("needle_hw1", {"needle_hw1": ["Tensor"], "needle_hw1.ops": ["exp", "log"]}),
    StageNames("needle_hw2", {"needle_hw2.data.datasets": ["MNIST"], "needle_hw2.nn": LAYERS}),
    StageNames("needle_hw3", {"needle_hw3.backend_ndarray": ["NDArray"]}),
    StageNames("needle_hw4", {}),
]


def test_the_names_that_each_stage_adds_are_counted_by_module():
    lines = [line.split() for line in shown([], stages=STAGES).splitlines()]
    for expected in (
        "needle_hw0 2 2 add, softmax_loss",
        "needle_hw1 3 1 Tensor",
        "ops 2 exp, log",
        "needle_hw2 31 data.datasets 1 MNIST",
        "needle_hw3 1 backend_ndarray 1 NDArray",
        "needle_hw4 0",
    ):
        assert expected.split() in lines


@pytest.mark.parametrize("width", [80, 100])
def test_names_take_one_line_a_module_and_those_that_do_not_fit_are_left_out_whole(width):
    stages = [*STAGES[:2], StageNames("needle_hw2", {"needle_hw2.autograd": LAYERS})]
    text = shown([], stages=stages, width=width)
    assert line(text, " needle_hw2 ")[:4] == ["needle_hw2", "30", "autograd", "30"]
    names = line(text, " needle_hw2 ")[4:]
    assert names == [*(f"{name}," for name in LAYERS[: len(names) - 1]), "…"]
    assert len(names) > 4
    assert text.count("Layer") == len(names) - 1
    assert max(map(len, text.splitlines())) <= width


def test_without_stages_there_is_no_table_of_names():
    assert "Public names" in shown([], stages=STAGES)
    assert "Public names" not in shown([])
