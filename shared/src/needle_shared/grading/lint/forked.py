"""A sandbox in which many variants are tried, each in a process of its own."""

from __future__ import annotations

import time
from pathlib import Path

from needle_shared.grading import lint
from needle_shared.grading.channel import ChannelError, ClosedError, TooLargeError
from needle_shared.grading.lint.forking import REQUEST
from needle_shared.grading.runtime import DRIVER
from needle_shared.grading.sandbox.interface import Bind
from needle_shared.grading.session import Session

_SECONDS = 10.0  # to end a process


class ForkedSession(Session):
    """A session that imports the package when it is entered; it can be left and entered again.

    What is bound in the place of the submission may be changed in between. The session has ended
    after all that would end another one.
    """

    driver = "needle_shared.grading.lint.forking"

    def _import(self) -> None:
        """Nothing is imported before the session is entered."""

    def enter(self) -> None:
        """Import the package; raise UnusableError if that fails, which ends the session."""
        try:
            self._requests.write(REQUEST, time.monotonic() + _SECONDS)
            super()._import()
        except BaseException:
            self.close()
            raise

    def leave(self) -> None:
        """End the process that imported the package."""
        if self.ended:
            return
        try:
            self._requests.write(REQUEST, time.monotonic() + _SECONDS)
            header, _ = self._channel.frame(time.monotonic() + _SECONDS, 0)
        except (TimeoutError, ClosedError, ChannelError, TooLargeError, BrokenPipeError):
            self.close()
        else:
            if header["event"] != "left":
                self.close()


def binds_of_driver() -> tuple[Bind, ...]:
    """Return what shows the driver beside that of the grader."""
    folder = Path(str(lint.__file__)).parent
    names = ("__init__.py", "forking.py")
    return tuple(
        Bind(folder / name, f"{DRIVER}/needle_shared/grading/lint/{name}") for name in names
    )
