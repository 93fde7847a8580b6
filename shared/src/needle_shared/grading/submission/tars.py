"""Reads a tar archive, gzipped or not, as a stream.

The standard library's tarfile is not used: it holds headers of any length in memory, follows sizes
that are negative, and reads sparse files. Here a file is 512 bytes of header and its bytes.
Format: POSIX.1-2001, "pax Interchange Format"; GNU's type L for long names.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from needle_shared.grading.submission.entries import Entry, Kind, entry
from needle_shared.grading.submission.limits import Budget, InvalidSubmission

_BLOCK = 512
_CHUNK = 1 << 16
_LONGEST_HEADER = 1 << 16  # of names that do not fit into a block
_KINDS: dict[bytes, Kind] = {b"0": "file", b"\0": "file", b"7": "file", b"5": "folder"}
_KINDS.update({b"1": "link", b"2": "link"})


@dataclass(frozen=True)
class _Header:
    kind: bytes
    name: bytes
    size: int


class Tar:
    """A tar archive; `file` is read from its start for `entries` and again for `contents`."""

    def __init__(self, file: BinaryIO, budget: Budget, *, gzipped: bool) -> None:
        self._file = file
        self._budget = budget
        self._gzipped = gzipped

    def entries(self) -> Iterator[Entry]:
        """Yield all entries."""
        for item, _, _ in self._walk():
            yield item

    def contents(self, wanted: Sequence[Entry]) -> Iterator[tuple[Entry, bytes]]:
        """Yield the bytes of files, in the archive's order."""
        indices = {item.index for item in wanted}
        last = max(indices, default=-1)
        for item, stream, size in self._walk():
            if item.index > last:
                return
            if item.index in indices:
                self._budget.spend(size)
                yield item, stream.read(size)

    def _walk(self) -> Iterator[tuple[Entry, _Stream, int]]:
        self._file.seek(0)
        self._budget.streamed = 0
        stream = _Stream(self._file, self._budget, gzipped=self._gzipped)
        index = 0
        named: dict[str, bytes] = {}
        while (header := _header(stream.read(_BLOCK))) is not None:
            end = stream.position + -(-header.size // _BLOCK) * _BLOCK
            if header.kind in {b"L", b"x"}:
                if header.size > _LONGEST_HEADER:
                    raise _damaged("a name is too long")
                data = stream.read(header.size)
                named.update(_long_name(data) if header.kind == b"L" else _pax(data))
            elif header.kind not in {b"K", b"g"}:
                if "size" in named and header.size != _decimal(named["size"]):
                    raise _damaged("two sizes of one file differ")
                yield _entry(index, header, named), stream, header.size
                named = {}
                index += 1
            if end > stream.position:
                stream.skip(end - stream.position)


class _Stream:
    """The bytes of the archive, unpacked, in their order."""

    def __init__(self, file: BinaryIO, budget: Budget, *, gzipped: bool) -> None:
        self._file = file
        self._budget = budget
        self._gzip = zlib.decompressobj(wbits=31) if gzipped else None
        self._packed = b""
        self._ready = b""
        self.position = 0

    def read(self, size: int) -> bytes:
        """Return the next `size` bytes."""
        chunks = []
        while size:
            if not self._ready:
                self._ready = self._more()
                self._budget.stream(len(self._ready))
            chunk, self._ready = self._ready[:size], self._ready[size:]
            chunks.append(chunk)
            size -= len(chunk)
            self.position += len(chunk)
        return b"".join(chunks)

    def skip(self, size: int) -> None:
        """Pass over `size` bytes."""
        while size:
            size -= len(self.read(min(size, _CHUNK)))

    def _more(self) -> bytes:
        if self._gzip is None:
            data = self._file.read(_CHUNK)
            if not data:
                raise _damaged("it ends too early")
            return data
        while True:
            if not self._packed:
                self._packed = self._file.read(_CHUNK)
                if not self._packed:
                    raise _damaged("it ends too early")
            if self._gzip.eof:
                self._gzip = zlib.decompressobj(wbits=31)  # gzip files may follow each other
            try:
                data = self._gzip.decompress(self._packed, _CHUNK)
            except zlib.error as error:
                raise _damaged(str(error)) from None
            self._packed = self._gzip.unconsumed_tail or self._gzip.unused_data
            if data:
                return data


def _header(block: bytes) -> _Header | None:
    """Return what a block says, or None for the block of zeros that ends an archive."""
    if not block.strip(b"\0"):
        return None
    if sum(block[:148]) + 8 * 32 + sum(block[156:]) != _number(block[148:156]):
        raise _damaged("a checksum is wrong")
    name = block[:100].split(b"\0")[0]
    if block[257:263] == b"ustar\0" and (prefix := block[345:500].split(b"\0")[0]):
        name = prefix + b"/" + name
    return _Header(block[156:157], name, _number(block[124:136]))


def _number(field: bytes) -> int:
    if field[0] & 0x80:  # GNU: the other bits are a binary number; negative from 0xff
        value = int.from_bytes(field, "big") - (0x80 << 8 * (len(field) - 1))
        if field[0] & 0x40:
            raise _damaged("a size is negative")
        return value
    digits = field.strip(b" \0")
    if not all(c in b"01234567" for c in digits):
        raise _damaged("a number is not one")
    return int(digits or b"0", 8)


def _decimal(text: bytes) -> int:
    if not text.isdigit() or len(text) > 20:
        raise _damaged("a number is not one")
    return int(text)


def _long_name(data: bytes) -> dict[str, bytes]:
    return {"path": data.split(b"\0")[0]}


def _pax(data: bytes) -> dict[str, bytes]:
    """Return the records that matter, each LENGTH KEY=VALUE and the end of a line."""
    found = {}
    while data:
        digits, space, _ = data[:22].partition(b" ")
        length = _decimal(digits)
        if not space or length > len(data):
            raise _damaged("a header is not one")
        key, equals, value = data[len(digits) + 1 : length].partition(b"=")
        if not equals or not value.endswith(b"\n"):
            raise _damaged("a header is not one")
        value = value[:-1]
        if key in {b"path", b"size"}:
            found[key.decode()] = value
        elif key.startswith(b"GNU.sparse."):
            found["sparse"] = value
        data = data[length:]
    return found


def _entry(index: int, header: _Header, named: dict[str, bytes]) -> Entry:
    name = named.get("path", header.name).decode("utf-8", "surrogateescape")
    kind = "special" if "sparse" in named else _KINDS.get(header.kind, "special")
    if kind == "file" and name.endswith("/"):
        kind = "folder"
    return entry(index, kind, name, backslashes=True)


def _damaged(why: str) -> InvalidSubmission:
    return InvalidSubmission(f"the tar archive cannot be read, it is damaged: {why}")
