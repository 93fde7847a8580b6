"""Decides about each name in a submission: taken, silently left, or ignored with a reason."""

from __future__ import annotations

from collections.abc import Iterable

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.submission.entries import Entry, Source, printable
from needle_shared.grading.submission.kinds import ignored_kind, is_archive
from needle_shared.grading.submission.layout import Root, Stage, find_root
from needle_shared.grading.submission.limits import InvalidSubmission, Limits

_MOST_NAMED = 50
_NOT_YOURS = "not part of what you write"


class Sorting:
    """The entries of a source, and what becomes of each."""

    def __init__(self, source: Source, limits: Limits) -> None:
        self._source = source
        self._limits = limits
        self._ignored: dict[str, str] = {}  # name: reason
        self._entries: list[Entry] = []  # files, and what stands for one: links, devices
        self._settled: set[int] = set()  # the indices of entries that need no more words
        self.archives: list[Entry] = []  # at the top or below
        for count, entry in enumerate(source.entries(), start=1):
            if count > limits.entries:
                raise InvalidSubmission(
                    f"the submission is too large: it has more than {limits.entries:,} entries"
                )
            self._sort(entry)

    def _sort(self, entry: Entry) -> None:
        kind = ignored_kind(entry.parts, folder=entry.kind == "folder")
        if entry.problem:
            self._ignored[entry.shown] = entry.problem
        elif kind is not None:
            depth, reason = kind
            name = _shown(entry.parts, depth)
            if entry.kind == "folder" and not name.endswith("/"):
                name += "/"
            self._ignored[name] = reason
            if entry.kind == "file" and depth == len(entry.parts) and is_archive(entry.path):
                self.archives.append(entry)
        elif entry.kind != "folder" and entry.parts:
            self._entries.append(entry)
            if len(self._entries) > self._limits.files:
                raise InvalidSubmission(
                    f"the submission is too large: it has more than {self._limits.files:,} files "
                    "that could be source"
                )

    def root(self, assignment: Assignment) -> Root | None:
        """Return where a stage lies; see `find_root`."""
        return find_root(assignment, (entry.parts for entry in self._entries))

    def take(self, assignment: Assignment, root: Root) -> dict[str, bytes]:
        """Return the files of a stage that are graded, by path.

        A file of the stage that is not the student's is compared with the one handed out, and is
        ignored with a reason if it was changed.
        """
        stage = Stage(assignment)
        paths: dict[int, str] = {}
        compared: dict[int, str] = {}
        wanted = []
        for entry in self._entries:
            path = root.path(entry.parts)
            if path is None:
                continue
            if path in assignment.files or (
                stage.may_be_new(path) and self._joins(entry, path, stage)
            ):
                if entry.kind != "file":
                    raise InvalidSubmission(f"{path} is a {entry.kind}: hand in the file itself")
                paths[entry.index] = path
                wanted.append(entry)
            elif entry.kind == "file" and stage.has(path):
                compared[entry.index] = path
                wanted.append(entry)
            else:
                continue
            self._settled.add(entry.index)
        _check_unique(paths.values())
        taken = {}
        for entry, content in self._source.contents(wanted):
            if entry.index in compared:
                if not stage.same(compared[entry.index], content):
                    self._ignored[entry.path] = _NOT_YOURS
                continue
            path = paths[entry.index]
            if len(content) > self._limits.source:
                raise InvalidSubmission(
                    f"{path} is too large for source code: more than {self._limits.source:,} bytes"
                )
            taken[path] = content
        return dict(sorted(taken.items()))

    def _joins(self, entry: Entry, path: str, stage: Stage) -> bool:
        reason = stage.why_not_new(path)
        if not reason:
            return True
        self._ignored[entry.path] = reason
        self._settled.add(entry.index)
        return False

    def ignore_the_rest(self, assignment: Assignment, root: Root) -> None:
        """Give a reason for each entry that no stage took."""
        names = {file.casefold(): file for file in assignment.files}
        for entry in self._entries:
            if entry.index in self._settled:
                continue
            path = root.path(entry.parts)
            if path is None:
                depth = 1 + sum(a == b for a, b in zip(entry.parts, root.prefix, strict=False))
                self._ignored[_shown(entry.parts, depth)] = "not in the folder of the stage"
            elif path.casefold() in names:
                self._ignored[entry.path] = (
                    f"its name is {names[path.casefold()]} with other capitals"
                )
            elif entry.kind != "file":
                self._ignored[entry.path] = "a link" if entry.kind == "link" else "not a file"
            else:
                self._ignored[_shown(entry.parts, _depth(entry, path, assignment))] = _NOT_YOURS

    def ignored(self) -> tuple[str, ...]:
        """Return what was ignored, a line each: fifty names, then how many more there are."""
        lines = [f"{printable(name)}: {reason}" for name, reason in sorted(self._ignored.items())]
        if len(lines) > _MOST_NAMED:
            lines[_MOST_NAMED:] = [f"and {len(lines) - _MOST_NAMED:,} more"]
        return tuple(lines)

    def why_nothing(self, assignment: Assignment) -> str:
        """Return why no stage was found, for the student."""
        first = assignment.files[0] if assignment.files else assignment.package
        text = f"nothing of {assignment.package} is in it: there should be files such as {first}"
        names = {file.rpartition("/")[2]: file for file in assignment.files}
        for entry in self._entries:
            if entry.parts[-1] in names and not entry.parts[-1].startswith("__"):
                return f"{text}; {entry.shown} does not lie in the skeleton's folders"
        links = [entry.shown for entry in self._entries if entry.kind == "link"]
        if links:
            return f"{text}; links are not followed: {links[0]}"
        if self.archives:
            return f"{text}; archives in it are not opened: {self.archives[0].shown}"
        return text


def _shown(parts: tuple[str, ...], depth: int) -> str:
    """Return the first `depth` parts of a name, with a slash behind a folder."""
    depth = min(depth, len(parts))
    return "/".join(parts[:depth]) + ("/" if depth < len(parts) else "")


def _depth(entry: Entry, path: str, assignment: Assignment) -> int:
    """Return how many parts of a name lead to the first folder that the stage has not."""
    below = path.split("/")
    folder = assignment.folder
    for i, part in enumerate(below, start=1):
        folder /= part
        if not folder.is_dir():
            return len(entry.parts) - len(below) + i
    return len(entry.parts)


def _check_unique(paths: Iterable[str]) -> None:
    """Raise InvalidSubmission for a file that is there twice, or differs only in capitals."""
    seen: dict[str, str] = {}
    for path in paths:
        other = seen.get(path.casefold())
        if other == path:
            raise InvalidSubmission(f"{path} is in it twice")
        if other is not None:
            raise InvalidSubmission(f"{other} and {path} differ only in capitals: rename one")
        seen[path.casefold()] = path
