"""Names of students that are safe as names of files, in tables and on pages."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_LONGEST = 80
_SUFFIXES = (".tar.gz", ".tgz", ".tar", ".zip")
# Windows has devices of these names in each folder.
_DEVICES = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?", re.IGNORECASE)
# The files of a class lie beside the folders of its students.
_OF_THE_CLASS = {"gradebook.csv", "summary.html"}


def student_name(name: str) -> str:
    """Return a safe name made of a folder's or an archive's: letters, digits and `._-` only.

    Letters of every script stay; what else there is becomes one `-`. It never begins with a sign
    that a spreadsheet or a command line understands, and is never empty.
    """
    for suffix in _SUFFIXES:
        if name.lower().endswith(suffix):
            name = name[: -len(suffix)]
            break
    name = unicodedata.normalize("NFC", name)
    clean = re.sub(r"[^\w.]+|_{2,}", lambda m: "_" if m[0][0] == "_" else "-", name)
    clean = _shortened(clean).strip("-.") or "student"
    return f"{clean}-" if _DEVICES.fullmatch(clean) or clean.casefold() in _OF_THE_CLASS else clean


def unique_names(names: Iterable[str]) -> list[str]:
    """Return safe names of all, in their order; of equal ones the second is `name-2`, and so on.

    Names are equal here if they differ only in capitals, as they are on some file systems.
    """
    safe = [student_name(name) for name in names]
    used = {name.casefold() for name in safe}
    seen: set[str] = set()
    result = []
    for name in safe:
        chosen, number = name, 1
        while chosen.casefold() in seen or (number > 1 and chosen.casefold() in used):
            number += 1
            chosen = f"{_shortened(name, _LONGEST - 6)}-{number}"
        seen.add(chosen.casefold())
        result.append(chosen)
    return result


def _shortened(name: str, longest: int = _LONGEST) -> str:
    """Return the beginning of a name: at most `longest` characters, and 2.5 times as many bytes."""
    return name[:longest].encode()[: longest * 5 // 2].decode(errors="ignore")
