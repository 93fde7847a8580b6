"""Names of students: safe in file systems, tables and pages, and all different."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from needle_shared.grading.submission.names import student_name, unique_names


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("alice.zip", "alice"),
        ("Alice Smith_123_assignsubmission_file_", "Alice-Smith_123_assignsubmission_file_"),
        ("bob.tar.gz", "bob"),
        ("müller.TGZ", "müller"),
        ("=cmd|' /C calc'!A0.zip", "cmd-C-calc-A0"),
        ("<script>alert(1)</script>", "script-alert-1-script"),
        ("../../etc/passwd", "etc-passwd"),
        (".hidden", "hidden"),
        ("-rf", "rf"),
        ("..", "student"),
        ("", "student"),
        ("CON", "CON-"),
        ("aux.x", "aux.x-"),
        ("李雷.zip", "李雷"),
        ("a\u202eb\x00c\ud800", "a-b-c"),
    ],
)
def test_names_become_safe(name, safe):
    assert student_name(name) == safe


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=120))
def test_any_name_is_safe(name):
    safe = student_name(name)
    assert re.fullmatch(r"[\w][\w.-]*", safe)
    assert safe not in {".", ".."}
    assert not safe.endswith(".")
    assert len(safe.encode()) <= 202


def test_equal_names_are_numbered():
    assert unique_names(["Ann.zip", "ann", "ann!", "bob", "ANN-2"]) == [
        "Ann",
        "ann-3",
        "ann-4",
        "bob",
        "ANN-2",
    ]


@given(st.lists(st.text(alphabet="aA-2! .", max_size=4), max_size=12))
def test_names_of_a_class_differ_even_without_capitals(names):
    unique = unique_names(names)
    assert len({name.casefold() for name in unique}) == len(names) == len(unique)


@pytest.mark.parametrize("letter", ["x", "ü", "李"])
def test_long_names_are_cut_and_stay_different(letter):
    first, second = unique_names([letter * 300, letter * 300])
    assert first != second
    assert len(second) <= 80
    assert len(first.encode()) <= 200
