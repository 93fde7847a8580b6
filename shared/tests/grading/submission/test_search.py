"""The submissions of a class, and whose they are."""

from pathlib import Path

import pytest

from needle_shared.grading.submission.roster import Student
from needle_shared.grading.submission.search import find_submissions

FILE = "src/needle_hw7/ops/linalg.py"


@pytest.fixture
def found(assignment, make):
    """Return what is found in a folder of empty files and folders."""

    def find(names, roster=None):
        folder = make.folder({}, "class")
        folder.mkdir()
        for name in names:
            if name.endswith("/"):
                (folder / name).mkdir()
            else:
                (folder / name).touch()
        return find_submissions(folder, assignment, roster)

    return find


def rows(found):
    """Return the file or folder of each name, and whether it is a student's."""
    return {
        work.name: (work.path.name if work.path else None, work.student is not None)
        for work in found.works
    }


@pytest.mark.parametrize(
    "name", [FILE, f"hw7/{FILE}", "needle_hw7/ops/linalg.py", "csrc/matmul.cpp"]
)
def test_a_folder_with_the_stage_is_one_submission(assignment, make, name):
    folder = make.folder({name: b"", "x.zip": b"", "y/x.py": b""})
    (work,) = find_submissions(folder, assignment).works
    assert (work.name, work.path) == ("alice", folder)


def test_an_archive_is_one_submission(assignment, make):
    path = make.zip({FILE: b""})
    (work,) = find_submissions(path, assignment).works
    assert (work.name, work.path) == ("alice", path)


def test_a_folder_of_folders_and_archives(found):
    all_ = found(["bob.zip", "Ann/", "ann.tar.gz", "c.rar", "notes.txt", ".git/", "__MACOSX/"])
    assert rows(all_) == {
        "Ann": ("Ann", False),
        "ann-2": ("ann.tar.gz", False),
        "bob": ("bob.zip", False),
        "c.rar": ("c.rar", False),
    }
    assert all_.skipped == (".git", "__MACOSX", "notes.txt")


def test_links_in_the_folder_are_skipped(assignment, make):
    folder = make.folder({}, "class")
    folder.mkdir()
    (folder / "ann.zip").symlink_to(make.zip({FILE: b""}))
    (folder / "bob").symlink_to(assignment.folder)
    all_ = find_submissions(folder, assignment)
    assert (all_.works, all_.skipped) == ((), ("ann.zip", "bob"))


INNER = [
    {"hw7.zip": b""},
    {"hw7.zip": b"", "x": b""},
    {"hw7/hw7/src/x.py": b""},
    {f"hw7/{FILE}": b""},
]


@pytest.mark.parametrize("files", INNER)
def test_one_folder_or_archive_is_named_by_the_path_given(assignment, make, files, monkeypatch):
    folder = make.folder(files, "Ann Smith_123_file_")
    (work,) = find_submissions(folder, assignment).works
    assert (work.name, work.path) == ("Ann-Smith_123_file_", folder)
    (work, *others) = find_submissions(folder, assignment, ROSTER).works
    assert (work.name, work.path, work.student) == ("s100", folder, ROSTER[0])
    assert [other.path for other in others] == [None, None]
    monkeypatch.chdir(folder)
    (work,) = find_submissions(Path(), assignment).works
    assert (work.name, work.path) == ("Ann-Smith_123_file_", folder)


def test_a_path_that_is_a_link_keeps_its_name(assignment, make, tmp_path):
    link = tmp_path / "ann"
    link.symlink_to(make.folder({FILE: b""}, "hw7"))
    (work,) = find_submissions(link, assignment).works
    assert (work.name, work.path) == ("ann", link)


def test_the_first_of_a_class_is_known_by_the_roster(found):
    assert rows(found(["Ann Smith_1_file_/"], ROSTER))["s100"] == ("Ann Smith_1_file_", True)


def test_nothing_there(tmp_path, assignment):
    with pytest.raises(FileNotFoundError):
        find_submissions(tmp_path / "none", assignment)


ROSTER = [
    Student("s100", "Ann Smith", "asmith@x.edu"),
    Student("s200", "Bob Jones", "bjones@x.edu", "odd name.zip"),
    Student("s300", "Chen Li", "chen@x.edu"),
]


@pytest.mark.parametrize(
    "name",
    [
        "s100.zip",
        "S100/",
        "asmith.tgz",
        "asmith@x.edu.zip",
        "Ann Smith/",
        "Ann Smith_8812_assignsubmission_file_/",
        "hw7_s100_late.zip",
        "asmith_4711_815_hw7.zip",
    ],
)
def test_the_roster_knows_whose_it_is(found, name):
    all_ = found([name, "odd name.zip"], ROSTER)
    assert rows(all_) == {
        "s100": (name.strip("/"), True),
        "s200": ("odd name.zip", True),
        "s300": (None, True),
    }


def test_unknown_submissions_are_graded_after_the_roster(found):
    all_ = found(["dora.zip", "s300.zip"], ROSTER)
    assert [work.name for work in all_.works] == ["s100", "s200", "s300", "dora"]
    assert rows(all_)["dora"] == ("dora.zip", False)


def test_what_fits_two_is_nobodys(found):
    twins = [Student("s1", "Ann Smith"), Student("s2", "Ann Smith")]
    assert rows(found(["Ann Smith.zip", "x.zip"], twins)) == {
        "s1": (None, True),
        "s2": (None, True),
        "Ann-Smith": ("Ann Smith.zip", False),
        "x": ("x.zip", False),
    }


def test_two_that_fit_one_student_are_nobodys(found):
    assert rows(found(["x_s300.zip", "y_s300.zip"], ROSTER))["s300"] == (None, True)


def test_an_exact_name_goes_before_others(found):
    assert rows(found(["s300.zip", "old_s300.zip"], ROSTER))["s300"] == ("s300.zip", True)


def test_short_ids_are_not_found_in_other_names(found):
    assert rows(found(["hw7_1.zip", "x.zip"], [Student("1")])) == {
        "1": (None, True),
        "hw7_1": ("hw7_1.zip", False),
        "x": ("x.zip", False),
    }


@pytest.mark.parametrize("name", ["hw7/src/needle_hw7/ops/linalg.py", "needle_hw7/ops/linalg.py"])
def test_a_student_s_folder_of_the_stage_s_name_does_not_stand_for_the_class(
    assignment, make, name
):
    names = {name: b"", "ann.zip": b"", "bob/src/needle_hw7/ops/linalg.py": b""}
    found = find_submissions(make.folder(names, "class"), assignment)
    assert {work.path.name for work in found.works} == {"ann.zip", "bob", name.partition("/")[0]}


def test_who_is_named_behind_an_own_name_loses_nothing(found):
    roster = [Student(f"{name}_{i}") for i, name in enumerate(["mallory", "alice1", "bobby"])]
    names = ["mallory_0_hw1_alice1_1_bobby_2.zip", "alice1_1_hw1.zip", "bobby_2_hw1.zip"]
    found = rows(found(names, roster))
    assert {row[0] for row in found.values()} == set(names)
    assert all(known for _, known in found.values())
