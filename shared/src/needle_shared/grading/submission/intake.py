"""Takes what is graded out of a submission: a folder, or a zip or tar archive."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.submission.entries import Source
from needle_shared.grading.submission.folder import READ, Folder
from needle_shared.grading.submission.layout import Stage
from needle_shared.grading.submission.limits import MIB, Budget, InvalidSubmission, Limits
from needle_shared.grading.submission.names import student_name
from needle_shared.grading.submission.sorting import Sorting
from needle_shared.grading.submission.tars import Tar
from needle_shared.grading.submission.zips import Zip


@dataclass(frozen=True)
class Submission:
    """What a student handed in for a stage.

    `files` are the bytes of those that are taken, by their path in the stage's folder; `earlier`
    has the same for each earlier stage that is in it. `ignored` says in one line each what was not
    taken and why; `missing` are files that the student writes and that are not there. `hash` is
    equal for two submissions if `files` and `earlier` are.
    """

    name: str
    files: Mapping[str, bytes]
    earlier: Mapping[str, Mapping[str, bytes]]
    ignored: tuple[str, ...]
    missing: tuple[str, ...]
    hash: str


def read_submission(
    path: Path,
    assignment: Assignment,
    earlier: Sequence[Assignment] = (),
    limits: Limits | None = None,
) -> Submission:
    """Return what is taken of the folder or archive at `path`.

    A file is taken if the assignment lists it, or if it is new and matches `new_files`. The stage
    may lie anywhere in the submission, but once. Nothing is executed, no link is followed, and an
    archive in an archive is not opened; a folder without the stage may hold one archive with it.

    Raises
    ------
    InvalidSubmission
        Nothing of the stage is in it, or it is there twice; it cannot be read; it is too large; or
        a file that the student writes is a link. The message is for the student.
    """
    limits = limits or Limits()
    name = student_name(path.name or path.resolve().name)
    if not path.is_dir():
        try:
            descriptor = os.open(path, READ & ~os.O_NOFOLLOW)
        except OSError as error:
            raise InvalidSubmission(f"{path.name} cannot be read: {error.strerror}") from None
        with os.fdopen(descriptor, "rb") as file:
            packed = Sorting(_archive(path.name, file, limits), limits)
            if (root := packed.root(assignment)) is not None:
                packed.check_alone(root)
            return _take(name, packed, assignment, earlier)
    folder = Folder(path, Budget(limits))
    sorting = Sorting(folder, limits)
    if len(sorting.archives) == 1 and sorting.root(assignment) is None:
        (inner,) = sorting.archives
        with folder.opened(inner) as file:
            packed = Sorting(_archive(inner.shown, file, limits), limits)
            return _take(name, packed, assignment, earlier)
    return _take(name, sorting, assignment, earlier)


def _archive(name: str, file: BinaryIO, limits: Limits) -> Source:
    """Return the archive in a file, of the kind that its first bytes say."""
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise InvalidSubmission(f"{name} is neither a folder nor a file")
    if status.st_size > limits.archive:
        raise InvalidSubmission(
            f"{name} is too large: more than {limits.archive // MIB} MiB; leave out data"
        )
    budget = Budget(limits, packed=status.st_size)
    start = file.read(512)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return Tar(file, budget, gzipped=True)
    if start[257:262] == b"ustar":
        return Tar(file, budget, gzipped=False)
    if start.startswith(b"PK"):
        return Zip(file, budget)
    raise InvalidSubmission(f"{name} is neither a folder nor a .zip or .tar.gz archive")


def _take(
    name: str, sorting: Sorting, assignment: Assignment, earlier: Sequence[Assignment]
) -> Submission:
    root = sorting.root(assignment)
    if root is None:
        raise InvalidSubmission(sorting.why_nothing(assignment))
    places = [(Stage(assignment), root)]
    for stage in earlier:
        root = sorting.root(stage)
        if root is not None:
            places.append((Stage(stage), root))
    found, *before = [sorting.take(*place) for place in places]
    sorting.ignore_the_rest(places)
    stages = [place[0].assignment.stage for place in places[1:]]
    return Submission(
        name=name,
        files=found,
        earlier=dict(zip(stages, before, strict=True)),
        ignored=sorting.ignored(),
        missing=tuple(file for file in assignment.files if file not in found),
        hash=_hash([assignment.stage, *stages], [found, *before]),
    )


def _hash(stages: Sequence[str], contents: Sequence[Mapping[str, bytes]]) -> str:
    total = hashlib.sha256()
    for stage, files in zip(stages, contents, strict=True):
        for path, content in sorted(files.items()):
            # The length before the bytes: no two sets of files give the same sequence.
            total.update(f"{stage}\n{path}\n{len(content)}\n".encode())
            total.update(content)
    return total.hexdigest()
