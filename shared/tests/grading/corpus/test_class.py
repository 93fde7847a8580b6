"""Grading a class: repeatable, resumable, and safe to be stopped at any time."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from attacks.attack import LINALG, MATMUL, Attack, write
from classroom import ONLY, Class, adopt_orphans, children_left, documents, needs_isolation, rows

from needle_shared.grading.reference import run_reference
from needle_shared.grading.repository import Repository
from needle_shared.grading.sandbox.find import find_sandbox
from needle_shared.grading.setup import Setup
from needle_shared.grading.temporary import PREFIX

pytestmark = needs_isolation
SLOW = Attack("slow", inside="import time; time.sleep(0.3)")
ENDLESS = Attack("endless", inside="while True: pass")
GRADIENT = f"{LINALG}::MatMul.gradient"


def test_a_class_gives_the_same_results_in_any_order(group: Class, tmp_path: Path) -> None:
    group.add([Attack("breaks", inside="raise ValueError(a.shape)", stubs=(MATMUL,))])
    group.add_honest([GRADIENT])
    outs = [tmp_path / name for name in ("one", "two", "again", "seed")]
    options = [["--jobs", "1"], ["--jobs", "2"], ["--jobs", "2"], ["--seed", "7"]]
    for out, words in zip(outs, options, strict=True):
        done = group.grade("--out", str(out), *ONLY, *words)
        assert done.returncode == 0, done.stderr
    one, two, again, other = map(documents, outs)
    assert len(one) == 3
    assert one == two == again
    assert {name: r["total"] for name, r in other.items()} == {
        name: r["total"] for name, r in one.items()
    }
    books = [(out / "gradebook.csv").read_bytes() for out in outs]
    assert books[0] == books[1] == books[2] == books[3]


def test_inputs_depend_on_the_seed_alone() -> None:
    with Setup(Repository.around(Path(__file__)), "hw1", find_sandbox()) as setup:
        first, same, other = (run_reference(setup, seed) for seed in (0, 0, 1))

    def values(reference: Any) -> dict[str, list[Any]]:
        return {
            name: [(r.name, r.value.tobytes()) for r in o.records if r.how == "close"]
            for name, o in reference.outcomes.items()
        }

    assert values(first) == values(same)
    changed = [name for name, value in values(first).items() if value != values(other)[name]]
    assert len(changed) > 0.9 * len(values(first))


def wait_until(condition: Callable[[], object], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited too long"
        time.sleep(0.02)


@contextmanager
def begun(group: Class, *options: str) -> Iterator[subprocess.Popen[bytes]]:
    """Start to grade, and wait for the first result."""
    command, env = group.command(*options)
    adopt_orphans()
    with (group.folder / "said").open("wb") as said:
        process = subprocess.Popen(
            command, env=env, cwd=group.folder, stdout=said, stderr=subprocess.STDOUT
        )
    try:
        wait_until(lambda: list(group.out.glob("*/result.json")) or process.poll() is not None)
        assert process.poll() is None, (group.folder / "said").read_text()
        yield process
    finally:
        process.kill()
        process.wait()


def slow_class(group: Class) -> None:
    for attack in (SLOW, ENDLESS):
        files = attack.files(group.perfect, group.skeleton)
        names = [f"{attack.name}-{i}" for i in range(3 if attack is SLOW else 1)]
        for name in names:
            write(files, group.folder / "submissions" / f"z-{name}")
    group.add_honest([])
    group.add_honest([MATMUL])


def finished(group: Class) -> dict[str, tuple[int, int]]:
    stats = {p.parent.name: p.stat() for p in group.out.glob("*/result.json")}
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in stats.items()}


def finish(group: Class, before: dict[str, tuple[int, int]]) -> None:
    """Grade the rest; what was finished is not touched, and nothing is left."""
    done = group.grade(*ONLY, "--check-seconds", "1", "--jobs", "2")
    assert done.returncode == 0, done.stderr
    after = finished(group)
    assert len(after) == 6 > len(before) > 0
    assert {name: after[name] for name in before} == before
    assert {row["status"] for row in rows(group.out).values()} == {"graded"}
    assert len(rows(group.out)) == 6
    assert group.left_files() == []
    assert children_left() == []
    assert not [p for p in group.out.rglob("*") if p.name.startswith(".")]


def test_a_grader_that_is_killed_goes_on_where_it_was(group: Class) -> None:
    slow_class(group)
    with begun(group, *ONLY, "--check-seconds", "1", "--jobs", "2") as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = finished(group)
    wait_until(lambda: not children_left(), 20)
    assert [name for name in group.left_files() if name.startswith(PREFIX)]
    finish(group, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_grader_that_is_stopped_ends_at_once(group: Class, number: int) -> None:
    slow_class(group)
    with begun(group, *ONLY, "--check-seconds", "100", "--jobs", "2") as process:
        time.sleep(0.5)
        process.send_signal(number)
        assert process.wait(20) == 130
    said = (group.folder / "said").read_text()
    assert "Traceback" not in said
    assert "run it again" in said
    assert group.left_files() == []
    assert children_left() == []
    documents_before = documents(group.out)
    assert {document["status"] for document in documents_before.values()} == {"graded"}
    assert "z-endless-0" not in documents_before


def test_a_signal_before_the_first_result_leaves_nothing(group: Class) -> None:
    slow_class(group)
    command, env = group.command(*ONLY)
    process = subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: group.left_files() or process.poll() is not None)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=20)[1]
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert group.left_files() == []
