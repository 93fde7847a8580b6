"""Reads a zip archive."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO

from needle_shared.grading.submission.entries import Entry, Kind, entry, printable
from needle_shared.grading.submission.limits import Budget, InvalidSubmission

_CHUNK = 1 << 16
# The list of entries is read at once: 20,000 entries with names of 150 bytes fit.
_LONGEST_READ = 4 << 20
_ENCRYPTED = 0x1
# What zipfile raises for an archive that is broken or made to look so.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    NotImplementedError,
    OSError,
    OverflowError,
    RuntimeError,
    ValueError,
)


class Zip:
    """A zip archive; only stored and deflated files can be read, as all common tools make."""

    def __init__(self, file: BinaryIO, budget: Budget) -> None:
        self._budget = budget
        try:
            self._zip = zipfile.ZipFile(_Bounded(file))
        except InvalidSubmission:
            raise
        except _BROKEN as error:
            raise _unreadable(error) from None

    def entries(self) -> Iterator[Entry]:
        """Yield all entries."""
        for index, info in enumerate(self._zip.infolist()):
            # zipfile cuts a name at its first NUL: orig_filename is what the archive says.
            yield entry(index, _kind(info), info.orig_filename, backslashes=True)

    def contents(self, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield the bytes of files; InvalidSubmission for encrypted and broken ones."""
        infos = self._zip.infolist()
        for item in wanted:
            info = infos[item.index]
            if info.flag_bits & _ENCRYPTED:
                raise InvalidSubmission(
                    f"{item.shown} is encrypted: hand in an archive without a password"
                )
            if info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
                raise InvalidSubmission(
                    f"{item.shown} is compressed by a method other than deflate: "
                    "make a plain zip archive"
                )
            try:
                yield item, self._read(info)
            except InvalidSubmission:
                raise
            except _BROKEN as error:
                raise _unreadable(error) from None

    def _read(self, info: zipfile.ZipInfo) -> bytes:
        chunks = []
        with self._zip.open(info) as file:
            while chunk := file.read(_CHUNK):
                self._budget.spend(len(chunk))
                chunks.append(chunk)
        return b"".join(chunks)


class _Bounded(io.RawIOBase):
    """A file of which nobody reads much at once, whatever sizes the archive claims."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int | None = -1) -> bytes:
        if size is None or size < 0:
            size = _LONGEST_READ + 1
        data = self._file.read(min(size, _LONGEST_READ + 1))
        if len(data) > _LONGEST_READ:
            raise InvalidSubmission("the archive has too many entries")
        return data

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True


def _kind(info: zipfile.ZipInfo) -> Kind:
    mode = info.external_attr >> 16
    if stat.S_ISLNK(mode):
        return "link"
    if info.orig_filename.endswith(("/", "\\")):
        return "folder"
    # Tools that are not Unix's leave the type of the file at zero.
    return "file" if stat.S_IFMT(mode) in {0, stat.S_IFREG} else "special"


def _unreadable(error: Exception) -> InvalidSubmission:
    return InvalidSubmission(
        f"the zip archive cannot be read, it is damaged: {printable(str(error))}"
    )
