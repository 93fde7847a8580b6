"""The program in the sandbox of the lint: the grader's driver, with a fork for each variant.

Python, NumPy, pytest, the checks and the earlier stages are imported once. Where much is tried,
that is most of the time.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from needle_shared.grading.inside.__main__ import Driver, main
from needle_shared.grading.inside.frames import encode, send

REQUEST = b"\n"  # to import the package, and later to leave it


class ForkingDriver(Driver):
    """The driver that imports what stands in the place of the submission as often as asked for."""

    last_request = REQUEST

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """Say what there is, and serve each variant in a child."""
        items = {self.name(item): item for item in session.items}
        send(encode({"event": "checks", "checks": [self.entry(*item) for item in items.items()]}))
        sys.path[:0] = self.paths
        earlier = Path(self.paths[-1])
        for package in sorted(earlier.iterdir()) if earlier.is_dir() else []:
            importlib.import_module(package.name)
        gc.freeze()  # a collection in a child would copy all pages
        while self.requests.readline() == REQUEST:
            child = os.fork()
            if not child:
                self._try(items)
            os.waitpid(child, 0)
            send(encode({"event": "left"}))
        return True

    def _try(self, items: dict[str, Any]) -> None:
        try:
            importlib.invalidate_caches()
            self.serve(items)
        finally:
            os._exit(0)


if __name__ == "__main__":
    sys.exit(main(ForkingDriver))
