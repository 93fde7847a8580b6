"""Saving: complete, atomic, readable by any JSON reader."""

import json
import os

import pytest

from needle_shared.evolution import results
from needle_shared.evolution.results import (
    CellResult,
    Comparison,
    Disagreement,
    StageNames,
    save,
)


@pytest.fixture
def comparison():
    found = Disagreement("b", "a", 1, float("nan"), 2.0, "b differs")
    rows = [
        CellResult("a", losses=[2.5, 2.0], seconds=[3.0, 1.0, 2.0], test_error=0.1),
        CellResult("b", losses=[2.5, float("nan")]),
        CellResult("c", state="missing", reason="not there"),
    ]
    stages = [
        StageNames("needle_hw1", {"needle_hw1": ["Tensor"], "needle_hw1.ops": ["exp", "log"]})
    ]
    return Comparison(rows, [found], 2, 1e-4, float("inf"), stages=stages)


def test_the_file_says_what_ran_where_and_when(comparison, tmp_path):
    path = tmp_path / "new" / "folder" / "compare.json"
    save(comparison, path, {"data": "digits", "epochs": 3})
    document = json.loads(path.read_text("utf-8"))
    assert document["schema"] == 1
    assert document["options"] == {"data": "digits", "epochs": 3}
    assert {"processor", "python", "numpy", "cores", "system"} <= document["machine"].keys()
    assert document["date"].endswith("+00:00")
    assert [cell["name"] for cell in document["cells"]] == ["a", "b", "c"]
    assert document["cells"][0]["losses"] == [2.5, 2.0]
    assert document["cells"][0]["seconds"] == [3.0, 1.0, 2.0]
    assert document["disagreements"][0]["text"] == "b differs"
    names = {"needle_hw1": ["Tensor"], "needle_hw1.ops": ["exp", "log"]}
    assert document["stages"] == [{"package": "needle_hw1", "new_names": names}]


def test_numbers_that_are_not_finite_are_null(comparison, tmp_path):
    path = tmp_path / "compare.json"
    save(comparison, path, {})
    text = path.read_text("utf-8")
    assert "NaN" not in text
    assert "Infinity" not in text
    document = json.loads(text)
    assert document["cells"][1]["losses"] == [2.5, None]
    assert document["disagreements"][0]["value"] is None
    assert document["largest_difference"] is None


@pytest.mark.parametrize("where", ["dumps", "fsync"])
def test_an_interrupted_save_leaves_the_old_file_and_nothing_else(
    comparison, tmp_path, monkeypatch, where
):
    path = tmp_path / "compare.json"
    path.write_text("old")

    def fail(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(results.json if where == "dumps" else results.os, where, fail)
    with pytest.raises(KeyboardInterrupt):
        save(comparison, path, {})
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_replaces_the_old_one(comparison, tmp_path):
    path = tmp_path / "compare.json"
    path.write_text("old")
    os.link(path, tmp_path / "opened before")
    save(comparison, path, {})
    assert json.loads(path.read_text())["schema"] == 1
    assert (tmp_path / "opened before").read_text() == "old"
    assert len(list(tmp_path.iterdir())) == 2


def test_others_may_read_the_file_as_any_other(comparison, tmp_path):
    save(comparison, tmp_path / "compare.json", {})
    (tmp_path / "other").touch()
    modes = {path.stat().st_mode for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_the_seconds_of_an_epoch_are_the_median(comparison):
    assert comparison.cells[0].median_seconds == 2.0
    assert comparison.cells[1].median_seconds is None


@pytest.mark.parametrize(
    ("states", "disagree", "good"),
    [
        (["finished", "finished"], False, True),
        (["finished", "missing"], False, True),
        (["finished", "finished"], True, False),
        (["finished", "failed"], False, False),
        (["missing"], False, False),
        ([], False, False),
    ],
)
def test_a_comparison_is_good_if_something_finished_and_nothing_is_wrong(states, disagree, good):
    found = [Disagreement("a", "b", 0, 1.0, 2.0, "")] if disagree else []
    rows = [CellResult(str(i), state=state) for i, state in enumerate(states)]
    assert Comparison(rows, found, 1, 1e-4, 0.0).good is good


def test_the_names_of_a_stage_are_counted_over_its_modules(comparison):
    assert comparison.stages[0].count == 3
    assert StageNames("needle_hw2", {}).count == 0
