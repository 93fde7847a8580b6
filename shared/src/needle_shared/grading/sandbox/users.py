"""Users that own nothing, one for each job that runs at once."""

from __future__ import annotations

import shutil

from needle_shared.grading.sandbox.interface import SandboxError

# As root, slot n has the uid and gid of this number and n: nobody's. Tier C has others, because it
# ends whatever its user still runs, of other graders, too.
FIRST_UID = 200_000
FIRST_UID_OF_C = 400_000


def drop_to(uid: int) -> list[str]:
    """Return the words that give up root, its groups and capabilities for the next command."""
    who = [f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    nothing = ["--bounding-set=-all", "--inh-caps=-all", "--no-new-privs"]
    return [program("setpriv"), *who, *nothing, "--"]


def program(name: str) -> str:
    """Return the path of a program of util-linux; raise SandboxError if it is missing."""
    path = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
    if path is None:
        raise SandboxError(f"the program {name} of util-linux is missing")
    return path
