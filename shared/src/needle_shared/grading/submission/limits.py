"""What a submission may cost: how many files, how many bytes, and how tightly packed."""

from __future__ import annotations

from dataclasses import dataclass, field

MIB = 1 << 20


class InvalidSubmission(ValueError):  # noqa: N818  # it names the status, too
    """A submission cannot be graded; the message is a sentence for the student."""


@dataclass(frozen=True)
class Limits:
    """Upper bounds; sizes are in bytes and are counted while reading, never taken from headers."""

    files: int = 2_000  # those of ignored kinds do not count
    entries: int = 20_000  # everything in an archive, and everything seen in a folder
    unpacked: int = 20 * MIB  # what is read of all files
    source: int = MIB  # a file that is taken
    ratio: int = 100  # unpacked to packed, above `ratio_from` bytes
    ratio_from: int = MIB
    archive: int = 100 * MIB  # the archive itself
    stream: int = 256 * MIB  # what is passed over to find files in a tar archive


@dataclass
class Budget:
    """Counts what was read of one submission, and raises InvalidSubmission beyond the limits.

    `packed` is the size of the archive, or None for a folder.
    """

    limits: Limits
    packed: int | None = None
    read: int = field(default=0, init=False)
    streamed: int = field(default=0, init=False)

    def spend(self, size: int) -> None:
        """Count `size` bytes of a file that is read."""
        self.read += size
        if self.read > self.limits.unpacked:
            raise InvalidSubmission(
                f"the submission is too large: its files are more than "
                f"{self.limits.unpacked // MIB} MiB; leave out data and whatever is not source"
            )
        self._check_ratio(self.read)

    def stream(self, size: int) -> None:
        """Count `size` bytes that are unpacked on the way to others."""
        self.streamed += size
        if self.streamed > self.limits.stream:
            raise InvalidSubmission(
                f"the archive is too large: more than {self.limits.stream // MIB} MiB unpacked; "
                "leave out data and whatever is not source"
            )
        self._check_ratio(self.streamed)

    def _check_ratio(self, size: int) -> None:
        limits = self.limits
        if self.packed is None or size <= limits.ratio_from:
            return
        if size > limits.ratio * self.packed:
            raise InvalidSubmission(
                f"the archive unpacks to more than {limits.ratio} times its size: "
                "no source code does"
            )
