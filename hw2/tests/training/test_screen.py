"""What is shown on a terminal and elsewhere."""

import io
import re

import pytest
from rich.console import Console

from needle_hw2.training import Step, make_screen, train
from needle_hw2.training.progress import Tally

ROW = {
    "epoch": 2, "train_loss": 0.25, "train_error": 0.125, "test_loss": 0.5, "test_error": 0.0625,
    "seconds": 1.5, "learning_rate": 0.001,
}  # fmt: skip
HALF = Step("train", 300, 600, Tally(30_000, 2.0, {"loss": 15_000.0}))


def output(terminal, *events, width=80):
    """Return all that is written, with a picture for every batch."""
    file = io.StringIO()
    options = {"width": width, "height": 24, "color_system": None}
    console = Console(file=file, force_terminal=terminal, **options)
    with make_screen(console, 10, unit="images") as screen:
        for event in events:
            screen.show(event)
            if terminal and isinstance(event, Step):
                screen._table._live.refresh()
    return file.getvalue()


def test_plain_output_is_a_line_per_epoch():
    assert output(False, HALF, ROW, HALF) == (
        "epoch 2/10  train loss 0.25000  train error 12.50%  test loss 0.50000  "
        "test error 6.25%  seconds 1.500\n"
    )


def test_plain_lines_are_never_wrapped():
    assert output(False, ROW, width=20).count("\n") == 1


def test_plain_output_has_no_control_codes(make_trainer):
    file = io.StringIO()
    train(make_trainer(), 2, make_screen(Console(file=file), 2))
    text = file.getvalue()
    assert text.count("\n") == 2
    assert re.fullmatch(r"[\x20-\x7e\n]*", text)


def test_terminal_shows_a_bar_with_rate_and_time_left():
    text = output(True, HALF)
    assert re.search(
        r"epoch 1/10 train\s+\S+\s+300/600 loss 0\.5000  15,000 images/s  0:02 left", text
    )


def test_clock_that_stood_still_is_no_error():
    assert "1 images" not in output(True, HALF._replace(tally=Tally(1, 0.0, {"loss": 1.0})))


def test_bar_fits_into_80_columns():
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", output(True, HALF)))
    (line, *_) = [line for line in lines if "images/s" in line]
    assert "left" in line
    assert len(line.rstrip()) <= 78  # a ^C that is echoed after it must not begin a new line


def test_table_of_a_terminal_stays_and_the_cursor_comes_back():
    text = output(True, HALF, ROW, {**ROW, "epoch": 3})
    after = text[text.rindex("\x1b[?25h") :]  # the code that shows the cursor
    rows = [line for line in after.splitlines() if line.startswith("│")]
    assert [re.findall(r"[\d.%]+", row) for row in rows] == [
        ["2", "0.25000", "12.50%", "0.50000", "6.25%", "1.500"],
        ["3", "0.25000", "12.50%", "0.50000", "6.25%", "1.500"],
    ]
    assert max(map(len, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", after).splitlines())) <= 80


def test_long_table_leaves_the_bar_visible_and_is_whole_in_the_end():
    text = output(True, *({**ROW, "epoch": epoch} for epoch in range(1, 61)), HALF)
    shown, after = text.split("\x1b[?25h")
    picture = shown[shown.rindex("\x1b[2K") :].splitlines()
    assert len(picture) < 24
    assert "epoch 61/10 train" in picture[-1]
    rows = [line.split("│")[1].strip() for line in picture if line.startswith("│")]
    assert rows == [str(epoch) for epoch in range(60 - len(rows) + 1, 61)]
    assert len(rows) > 10
    rows = [line.split("│")[1].strip() for line in after.splitlines() if line.startswith("│")]
    assert rows == [str(epoch) for epoch in range(1, 61)]


def test_bar_is_that_of_the_next_epoch_after_a_row():
    assert "epoch 3/10 train" in output(True, ROW, HALF)


def test_words_are_shown_as_they_are():
    file = io.StringIO()
    make_screen(Console(file=file, width=20), 1).say("[bold]C:\\x[/] 'a' 1.5 " + "long " * 10)
    assert file.getvalue() == "[bold]C:\\x[/] 'a' 1.5 " + "long " * 10 + "\n"


def test_screen_leaves_an_error_alone():
    for terminal in (False, True):
        console = Console(file=io.StringIO(), force_terminal=terminal)
        with pytest.raises(RuntimeError, match="mine"), make_screen(console, 1):
            raise RuntimeError("mine")
