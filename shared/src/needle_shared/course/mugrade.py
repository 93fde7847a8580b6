"""A stand-in for `mugrade`, the client of the course's grading server: it records."""

from types import ModuleType
from typing import Any


class Mugrade(ModuleType):
    """The module `mugrade`. What is submitted stays on this machine, in `submissions`."""

    def __init__(self, name: str = "mugrade") -> None:
        super().__init__(name)
        self.submissions: list[Any] = []
        self.test_submissions: list[tuple[tuple[Any, ...], dict[str, Any]]] = []

    def submit(self, result: Any) -> None:
        """Record `result`, the answer of one graded case."""
        self.submissions.append(result)

    def submit_test(self, *args: Any, **kwargs: Any) -> None:
        """Record the arguments of a call that submits a test."""
        self.test_submissions.append((args, kwargs))
