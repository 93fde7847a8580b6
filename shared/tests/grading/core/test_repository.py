from pathlib import Path

import pytest

from needle_shared.grading.repository import Repository, RepositoryError


def test_the_folder_with_the_stages_is_found_from_below(tmp_path: Path) -> None:
    (tmp_path / "hw1/src").mkdir(parents=True)
    (tmp_path / "hw1/checks/hidden").mkdir(parents=True)
    (tmp_path / "hw1/assignment.toml").touch()
    assert Repository.around(tmp_path / "hw1/src").root == tmp_path.resolve()


def test_nothing_is_graded_by_what_was_handed_out(tmp_path: Path) -> None:
    (tmp_path / "hw1/checks").mkdir(parents=True)
    (tmp_path / "hw1/assignment.toml").touch()
    for start in (tmp_path, tmp_path / "hw1"):
        with pytest.raises(RepositoryError, match=r"was handed out.*--root"):
            Repository.around(start)


def test_the_page_of_students_is_enough_to_know_theirs(tmp_path: Path) -> None:
    (tmp_path / "hw1/checks/hidden").mkdir(parents=True)
    (tmp_path / "hw1/assignment.toml").touch()
    (tmp_path / "ASSIGNMENT.md").touch()
    with pytest.raises(RepositoryError, match="was handed out"):
        Repository.around(tmp_path)


def test_a_folder_without_stages_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepositoryError, match=r"assignment\.toml.*--root"):
        Repository.around(tmp_path)
