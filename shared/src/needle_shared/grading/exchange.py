"""Puts a definition of the reference into a student's source, in a process of its own.

A source can be made to crash a parser, or to keep it busy.
"""

from __future__ import annotations

import multiprocessing
import resource
import signal
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from needle_shared.grading.skeleton.extract import definition, kind_of, with_definition

_SECONDS = 30.0  # for one definition
_MEMORY = 2 << 30


class Exchanger:
    """A process that exchanges definitions, and is started again when it has ended."""

    def __init__(self) -> None:
        self._process: BaseProcess | None = None
        self._connection: Connection | None = None

    def __call__(self, own: bytes, reference: bytes, name: str, file: str) -> bytes | None:
        """Return a student's source with the reference's definition of a symbol, or None."""
        connection = self._started()
        try:
            connection.send((own, reference, name, file))
            if connection.poll(_SECONDS):
                return connection.recv_bytes() or None  # never unpickled
        except (EOFError, OSError):
            pass
        self.close()
        return None

    def _started(self) -> Connection:
        if self._connection is None:
            context = multiprocessing.get_context("spawn")
            self._connection, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs,), daemon=True)
            self._process.start()
            theirs.close()
        return self._connection

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        if self._connection is not None:
            self._connection.close()
        self._process = self._connection = None

    def __enter__(self) -> Exchanger:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


def _serve(connection: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    while True:
        try:
            own, reference, name, file = connection.recv()
        except EOFError:
            return
        connection.send_bytes(_exchanged(own, reference, name, file))


def _exchanged(own: bytes, reference: bytes, name: str, file: str) -> bytes:
    """Return the new source, or nothing where that cannot be done."""
    kind = kind_of(file)
    try:
        text = definition(reference.decode(), name, kind)
        return with_definition(own.decode(), name, text, kind).encode()
    except (ValueError, LookupError, RecursionError, MemoryError):
        return b""
