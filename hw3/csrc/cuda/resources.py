"""Print what each CUDA kernel takes: registers, shared memory, spills.

    cmake --build BUILD_FOLDER --target cuda_resources

compiles the kernels once more, for one architecture, and reads what the assembler says of them.
The exit code is 1 if a kernel spills registers to memory.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ENTRY = re.compile(
    r"Compiling entry function '(?P<name>\w+)'.*?"
    r"(?P<stack>\d+) bytes stack frame, (?P<stores>\d+) bytes spill stores, "
    r"(?P<loads>\d+) bytes spill loads.*?"
    r"Used (?P<registers>\d+) registers(?P<rest>[^\n]*)",
    re.DOTALL,
)


class Kernel(NamedTuple):
    """What a kernel takes, for a thread but the shared memory: registers, and bytes."""

    name: str
    registers: int
    shared: int
    stack: int
    spills: int


def report_of(command: str, architecture: str) -> str:
    """Return what ptxas prints for the source of a compile command."""
    words = [word for word in shlex.split(command) if not word.startswith("--generate-code")]
    out = words.index("-o")
    with tempfile.TemporaryDirectory() as folder:
        words[out + 1] = str(Path(folder) / "kernels.cubin")
        words[words.index("-c")] = "-cubin"
        words += [f"-arch={architecture}", "-Xptxas=-v"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stderr


def kernels_in(report: str) -> list[Kernel]:
    """Return the kernels of a report, by their mangled names."""
    found = []
    for match in ENTRY.finditer(report):
        shared = re.search(r"(\d+) bytes smem", match["rest"])
        found.append(
            Kernel(
                match["name"],
                int(match["registers"]),
                int(shared[1]) if shared else 0,
                int(match["stack"]),
                int(match["stores"]) + int(match["loads"]),
            )
        )
    return found


def readable(names: list[str]) -> list[str]:
    """Return C++ names as they are written, where c++filt is there."""
    try:
        done = subprocess.run(
            ["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return names
    noise = re.compile(r"^void |needle::cuda::|\(anonymous namespace\)::|\(.*\)$|std::")
    return [noise.sub("", line) for line in done.stdout.splitlines()]


def main() -> int:
    """Print the table of the kernels in a build folder: `resources.py FOLDER ARCHITECTURE`."""
    folder, architecture = sys.argv[1:]
    commands = json.loads((Path(folder) / "compile_commands.json").read_text())
    sources = [entry for entry in commands if entry["file"].endswith(".cu")]
    kernels = [
        kernel
        for entry in sources
        if "-x cu" in entry["command"]
        for kernel in kernels_in(report_of(entry["command"], architecture))
    ]
    print(f"{architecture}: registers, bytes of shared memory, stack and spills; kernel")
    named = zip(readable([kernel.name for kernel in kernels]), kernels, strict=True)
    for name, kernel in sorted(named, key=lambda pair: -pair[1].registers):
        print(f"{kernel.registers:4}{kernel.shared:7}{kernel.stack:6}{kernel.spills:6}  {name}")
    spilling = sum(kernel.spills > 0 for kernel in kernels)
    print(f"{len(kernels)} kernels, {spilling} of them spill")
    return int(spilling > 0)


if __name__ == "__main__":
    sys.exit(main())
