"""What is taken of a submission, wherever the stage lies in it."""

import pytest

from needle_shared.grading.submission.limits import InvalidSubmission, Limits

LINALG = "src/needle_hw7/ops/linalg.py"
MATMUL = "csrc/matmul.cpp"
MINE = {LINALG: b"def matmul(a, b):\n    return b @ a\n", MATMUL: b"// mine\n"}


def below(prefix, files):
    return {prefix + name: content for name, content in files.items()}


def reasons(submission):
    return dict(line.split(": ", 1) for line in submission.ignored)


@pytest.mark.parametrize("prefix", ["", "hw7/", "alice-hw7/hw7/", "a/b c/ü/"])
def test_the_stage_may_lie_anywhere(handed_in, prefix):
    found = handed_in(below(prefix, MINE))
    assert (found.name, found.files, found.missing) == ("alice", MINE, ())
    assert found.ignored == ()


@pytest.mark.parametrize("prefix", ["", "hw7/", "x/y/"])
def test_the_package_may_come_without_src(handed_in, prefix):
    found = handed_in({f"{prefix}needle_hw7/ops/linalg.py": b"mine"})
    assert found.files == {LINALG: b"mine"}
    assert found.missing == (MATMUL,)


def test_sources_without_the_package_are_taken(handed_in):
    found = handed_in({"hw7/csrc/matmul.cpp": b"mine"})
    assert (dict(found.files), found.missing) == ({MATMUL: b"mine"}, (LINALG,))


def test_the_package_decides_where_the_stage_is(handed_in):
    found = handed_in({**below("hw7/", MINE), "hw0/csrc/matmul.cpp": b"another stage's"})
    assert found.files == MINE
    assert found.ignored == ("hw0/: not in the folder of the stage",)


def test_bytes_that_are_no_text_are_kept(handed_in):
    assert handed_in({LINALG: b"\xff\xfe\0 = 1\r\n"}).files[LINALG] == b"\xff\xfe\0 = 1\r\n"


def test_two_stages_are_refused_by_name(handed_in):
    with pytest.raises(InvalidSubmission, match=r"2 times, in backup/hw7 and in hw7: hand in one"):
        handed_in({**below("hw7/", MINE), **below("backup/hw7/", MINE)})


def test_a_copy_in_a_build_folder_is_none(handed_in):
    found = handed_in({**MINE, "build/lib/needle_hw7/ops/linalg.py": b"old"})
    assert found.files == MINE
    assert reasons(found) == {"build/": "build output"}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"notes.txt": b""}, f"nothing of needle_hw7 is in it: .* such as {LINALG}$"),
        ({"linalg.py": b""}, "linalg.py does not lie in the skeleton's folders"),
        ({"in/a.zip": b"PK", "b.zip": b"PK"}, "archives in it are not opened: (in/a|b).zip"),
        ({"src/needle_hw6/first.py": b""}, "nothing of needle_hw7"),
    ],
)
def test_nothing_of_the_stage_is_refused_with_a_hint(handed_in, files, message):
    with pytest.raises(InvalidSubmission, match=message):
        handed_in(files)


def test_new_files_are_taken_by_the_patterns(handed_in):
    new = {
        "src/needle_hw7/mine.py": b"1",
        "src/needle_hw7/ops/deep/mine.py": b"2",
        "csrc/tiles.h": b"3",
    }
    other = {"src/needle_hw7/data.json": b"", "csrc/mine.cpp": b"", "src/other/mine.py": b""}
    found = handed_in({**MINE, **new, **other})
    assert found.files == {**MINE, **new}
    assert reasons(found) == {
        "src/needle_hw7/data.json": "not part of what you write",
        "csrc/mine.cpp": "not part of what you write",
        "src/other/": "not part of what you write",
    }


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("src/needle_hw7/ops.py", "it would hide ops of the stage"),
        ("src/needle_hw7/tensor/__init__.py", "it would hide tensor of the stage"),
        ("src/needle_hw7/Tensor/deep/__init__.py", "it would hide Tensor of the stage"),
        ("src/needle_hw7/capital/__init__.py", "it would hide capital of the stage"),
        ("src/needle_hw7/_cpu.py", "it would hide _cpu of the stage"),
        ("src/needle_hw7/_cpu/__init__.py", "it would hide _cpu of the stage"),
        ("src/needle_hw7/conftest.py", "it would run without being asked"),
        ("src/needle_hw7/sitecustomize.py", "it would run without being asked"),
        ("src/needle_hw7/my file.py", "its name has characters that no module's has"),
        ("src/needle_hw7/-c.py", "its name has characters that no module's has"),
    ],
)
def test_a_new_file_hides_nothing(handed_in, name, reason):
    found = handed_in({**MINE, name: b"print('cheat')"})
    assert found.files == MINE
    assert reasons(found) == {name: reason}


def test_changed_files_of_the_stage_are_listed_and_unchanged_ones_are_not(handed_in):
    found = handed_in(
        {
            **MINE,
            "src/needle_hw7/tensor.py": b"class Tensor:\n    mine = 1\n",
            "src/needle_hw7/__init__.py": b"",
            "csrc/pack.h": b"#pragma once\r\n",  # as Git on Windows writes it
            "csrc/windows.h": b"#pragma once\n",
            "checks/conftest.py": b"import sys\n",
        }
    )
    assert found.files == MINE
    assert reasons(found) == {
        "src/needle_hw7/tensor.py": "not part of what you write",
        "checks/conftest.py": "not part of what you write",
    }


def test_what_is_handed_out_with_the_stage_is_not_listed(handed_in, assignment, earlier):
    beside = assignment.folder.parent
    (beside / "noxfile.py").touch()
    (beside / "tools").mkdir()
    files = {
        **below("work/hw7/", MINE),
        "work/hw7/checks/test_forward.py": b"without the hidden ones",
        "work/ASSIGNMENT.md": b"",
        "work/noxfile.py": b"",
        "work/tools/x.py": b"",
        "work/hw6/src/needle_hw6/first.py": b"",
        "work/mine/x.py": b"",
        "noxfile.py": b"",
    }
    (assignment.folder / "checks" / "test_forward.py").write_text("with the hidden ones")
    assert reasons(handed_in(files)) == dict.fromkeys(
        ["noxfile.py", "work/hw6/", "work/mine/"], "not in the folder of the stage"
    )


def test_what_is_no_source_is_ignored_with_its_kind(handed_in):
    found = handed_in(
        {
            **below("hw7/", MINE),
            "__MACOSX/hw7/._linalg.py": b"",
            ".git/objects/ab/cdef": b"",
            "hw7/src/needle_hw7/__pycache__/tensor.cpython-311.pyc": b"",
            "hw7/src/needle_hw7/_cpu.so": b"\x7fELF",
            "hw7/.DS_Store": b"",
            "hw7/try.ipynb": b"{}",
            "hw7/data/train.gz": b"",
            "hw7/pytest.ini": b"[pytest]",
            "numpy/__init__.py": b"",
            "numpy/core.py": b"",
            "hw7/numpy/core/x.py": b"",
            "conftest.py": b"",
        }
    )
    assert found.files == MINE
    assert reasons(found) == {
        "__MACOSX/": "macOS's notes on files",
        ".git/": "version control",
        "hw7/src/needle_hw7/__pycache__/": "made by Python",
        "hw7/src/needle_hw7/_cpu.so": "build output",
        "hw7/.DS_Store": "a file manager's notes",
        "hw7/try.ipynb": "a notebook",
        "hw7/data/train.gz": "data",
        "hw7/pytest.ini": "not part of what you write",
        "hw7/numpy/": "not part of what you write",
        "numpy/": "not in the folder of the stage",
        "conftest.py": "not in the folder of the stage",
    }


def test_fifty_ignored_names_are_listed_and_then_counted(handed_in):
    found = handed_in({**MINE, **{f"{i:03}.pdf": b"" for i in range(53)}})
    assert len(found.ignored) == 51
    assert found.ignored[49:] == ("049.pdf: a document", "and 3 more")


def test_another_case_is_not_the_file(handed_in):
    found = handed_in({**MINE, "src/needle_hw7/ops/Linalg.py": b"other"})
    assert found.files == MINE
    assert found.ignored == (
        f"src/needle_hw7/ops/Linalg.py: its name is {LINALG} with other capitals",
    )


def test_new_files_that_differ_in_capitals_are_refused(handed_in):
    with pytest.raises(InvalidSubmission, match=r"a\.py and .*A\.py|A\.py and .*a\.py"):
        handed_in({**MINE, "src/needle_hw7/a.py": b"", "src/needle_hw7/A.py": b""})


def test_earlier_stages_are_read_on_request(handed_in, earlier):
    files = {**below("hw7/", MINE), "hw6/src/needle_hw6/first.py": b"mine", "hw6/x.txt": b""}
    found = handed_in(files, earlier=[earlier])
    assert found.earlier == {"hw6": {"src/needle_hw6/first.py": b"mine"}}
    assert found.ignored == ("hw6/x.txt: not part of what you write",)


def test_an_earlier_stage_may_lie_in_the_folder_of_the_stage(handed_in, earlier):
    files = {**MINE, "hw6/src/needle_hw6/first.py": b"mine", "hw6/deep/x.txt": b""}
    found = handed_in(files, earlier=[earlier])
    assert found.earlier == {"hw6": {"src/needle_hw6/first.py": b"mine"}}
    assert found.ignored == ("hw6/deep/: not part of what you write",)


def test_earlier_stages_are_not_read_without_request(handed_in):
    found = handed_in({**below("hw7/", MINE), "hw6/src/needle_hw6/first.py": b"mine"})
    assert found.earlier == {}
    assert found.ignored == ("hw6/: not in the folder of the stage",)


def test_an_absent_earlier_stage_is_no_error(handed_in, earlier):
    assert handed_in(MINE, earlier=[earlier]).earlier == {}


def test_the_hash_is_that_of_what_is_taken(make, read, earlier):
    def hash_of(files, name):
        return read(make.folder(files, name), earlier=[earlier]).hash

    same = hash_of(MINE, "a")
    assert hash_of({**below("x/hw7/", MINE), "x/notes.pdf": b""}, "b") == same
    assert read(make.zip(MINE)).hash == read(make.tar(MINE)).hash == same
    moved = {MATMUL: MINE[MATMUL] + f"hw7\n{LINALG}\n".encode() + MINE[LINALG]}
    others = [moved, {LINALG: MINE[LINALG]}, {**MINE, "hw6/src/needle_hw6/first.py": b""}]
    assert len({same, *(hash_of(o, f"o{i}") for i, o in enumerate(others))}) == 4


def test_a_folder_may_hold_one_archive(make, read):
    inner = make.zip(below("hw7/", MINE), "hw.zip").read_bytes()
    found = read(make.folder({"hw.zip": inner, "comment.txt": b"late"}, "Bob Smith_12_file_"))
    assert (found.name, found.files) == ("Bob-Smith_12_file_", MINE)


def test_the_limits_count(handed_in):
    with pytest.raises(InvalidSubmission, match="more than 3 files that could be source"):
        handed_in({**MINE, "a.py": b"", "b.py": b""}, limits=Limits(files=3))
    with pytest.raises(InvalidSubmission, match="too large for source code: more than 30 bytes"):
        handed_in(MINE, limits=Limits(source=30))
    with pytest.raises(InvalidSubmission, match="more than 0 MiB; leave out"):
        handed_in(MINE, limits=Limits(unpacked=40))


def test_ignored_kinds_count_as_entries_alone(handed_in):
    files = {**MINE, **{f"{i}.pdf": bytes(100) for i in range(9)}}
    assert handed_in(files, limits=Limits(files=2, unpacked=80)).files == MINE
    with pytest.raises(InvalidSubmission, match="more than 10"):
        handed_in(files, limits=Limits(entries=10))
