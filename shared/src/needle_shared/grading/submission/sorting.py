"""Decides about each name in a submission: taken, silently left, or ignored with a reason."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

from needle_shared.grading.assignment import Assignment
from needle_shared.grading.submission.entries import Entry, Source, printable
from needle_shared.grading.submission.kinds import ignored_kind, is_archive
from needle_shared.grading.submission.layout import Root, Stage, find_root
from needle_shared.grading.submission.limits import InvalidSubmission, Limits

_MOST_NAMED = 50
_NOT_YOURS = "not part of what you write"
_WHAT = {"link": "a link", "special": "not a file"}


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

    def check_alone(self, root: Root) -> None:
        """Raise InvalidSubmission if other submissions seem to lie beside the folder of a stage."""
        beside = [entry for entry in self.archives if entry.parts[:1] != root.prefix[:1]]
        if root.prefix and len(beside) > 1:
            raise InvalidSubmission(
                f"{len(beside)} archives lie beside {root}, such as {beside[0].shown}: "
                "hand in one submission; the download of a class is to be unpacked"
            )

    def take(self, stage: Stage, root: Root) -> dict[str, bytes]:
        """Return the files of a stage that are graded, by path.

        A file of the stage that is not the student's is compared with the one handed out, and is
        ignored with a reason if it was changed.
        """
        paths: dict[int, str] = {}
        compared: dict[int, str] = {}
        wanted = []
        for entry in self._entries:
            path = root.path(entry.parts)
            if path is None:
                continue
            if stage.takes(path):
                if entry.kind != "file":
                    what = _WHAT[entry.kind]
                    raise InvalidSubmission(f"{path} is {what}: hand in the file itself")
                paths[entry.index] = path
            elif entry.kind == "file" and stage.has(path):
                compared[entry.index] = path
            else:
                continue
            self._settled.add(entry.index)
            wanted.append(entry)
        _check_unique(paths.values())
        taken = {}
        for entry, content in self._source.contents(wanted):
            if entry.index in paths:
                taken[paths[entry.index]] = content
                self._check_size(paths[entry.index], content)
            elif not stage.same(compared[entry.index], content):
                self._ignored[entry.path] = _NOT_YOURS
        return dict(sorted(taken.items()))

    def _check_size(self, path: str, content: bytes) -> None:
        if len(content) > self._limits.source:
            raise InvalidSubmission(
                f"{path} is too large for source code: more than {self._limits.source:,} bytes"
            )

    def ignore_the_rest(self, places: Sequence[tuple[Stage, Root]]) -> None:
        """Give a reason for each entry that no stage took; the first of `places` is graded."""
        for entry in self._entries:
            if entry.index in self._settled:
                continue
            around = [(s, r) for s, r in places if r.path(entry.parts) is not None]
            if around:
                stage, root = max(around, key=lambda place: len(place[1].prefix))
                name, reason = _reason(entry, stage, root)
            else:
                (stage, root), *_ = places
                depth = 1 + _common(entry.parts, root.prefix)
                if depth == len(root.prefix) and stage.handed_out_beside(entry.parts[depth - 1]):
                    continue
                name, reason = _shown(entry.parts, depth), "not in the folder of the stage"
            self._ignored[name] = reason

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
            shown = ", ".join(entry.shown for entry in self.archives[:3])
            return f"{text}; archives in it are not opened: {shown}"
        return text


def _shown(parts: tuple[str, ...], depth: int) -> str:
    """Return the first `depth` parts of a name, with a slash behind a folder."""
    depth = min(depth, len(parts))
    return "/".join(parts[:depth]) + ("/" if depth < len(parts) else "")


def _reason(entry: Entry, stage: Stage, root: Root) -> tuple[str, str]:
    """Return why an entry in the folder of a stage is not taken, after the name to show."""
    path = root.path(entry.parts) or ""
    if entry.kind != "file":
        return entry.path, _WHAT[entry.kind]
    if reason := stage.why_not(path):
        return entry.path, reason
    # The name of the first folder that the stage has not stands for all that is in it.
    depth = len(entry.parts) - path.count("/") + stage.depth(path)
    return _shown(entry.parts, depth), _NOT_YOURS


def _common(a: Sequence[str], b: Sequence[str]) -> int:
    """Return how many parts two names begin with together."""
    same = itertools.takewhile(lambda pair: pair[0] == pair[1], zip(a, b, strict=False))
    return sum(1 for _ in same)


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
