"""How a hostile or broken submission is made of the reference or of the skeleton."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Files = dict[str, bytes]
PACKAGE = "src/needle_hw1"
LINALG = f"{PACKAGE}/ops/linalg.py"
MATMUL = f"{LINALG}::MatMul.compute"

# Writes a frame, as the driver does.
SAY = """
import json, os, struct
def _say(header, payload=b""):
    text = json.dumps(header).encode()
    os.write(4, struct.pack("<II", len(text), len(payload)) + text + payload)
"""


@dataclass(frozen=True)
class Attack:
    """A submission; its mark is that of the same one with `stubs` in the place of what is bad.

    `base` is what the files are made of: all points, or none. `extra` are more files, or others.
    `stubs` are symbols whose points are lost, and `nothing` says that none are left; with
    `at_most`, other points may be lost, too: what it breaks is met by checks of other symbols.
    """

    name: str
    base: Literal["perfect", "skeleton"] = "perfect"
    at_import: str = ""  # before the first statement of ops/linalg.py
    inside: str = ""  # before the first statement of MatMul.compute
    extra: Mapping[str, bytes] = field(default_factory=dict)
    remove: tuple[str, ...] = ()
    stubs: tuple[str, ...] = ()
    nothing: bool = False
    at_most: bool = False

    def files(self, perfect: Files, skeleton: Files) -> Files:
        """Return the files of the submission, by names below `hw1/`."""
        files = dict(perfect if self.base == "perfect" else skeleton)
        text = files[LINALG].decode()
        if self.at_import:
            future = "from __future__ import annotations\n"
            assert future in text
            text = text.replace(future, f"{future}\n{textwrap.dedent(self.at_import)}\n", 1)
        if self.inside:
            head = "def compute(self, a: Array, b: Array) -> Array:\n"
            assert text.count(head) == 1
            body = textwrap.indent(textwrap.dedent(self.inside).strip("\n"), " " * 8)
            text = text.replace(head, f"{head}{body}\n", 1)
        files[LINALG] = text.encode()
        for name in self.remove:
            del files[name]
        return {**files, **self.extra}


def write(files: Files, folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
