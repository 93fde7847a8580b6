"""Which sandbox works on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

from needle_shared.grading.sandbox import cgroup
from needle_shared.grading.sandbox.bubblewrap import Bubblewrap, find_bwrap
from needle_shared.grading.sandbox.interface import (
    Finding,
    Limits,
    NoSandboxError,
    Sandbox,
    SandboxError,
    Tier,
)
from needle_shared.grading.sandbox.leftovers import remove_abandoned
from needle_shared.grading.sandbox.remedies import NO_BWRAP, NOT_LINUX, remedy_for
from needle_shared.grading.sandbox.visible import Visible, unshare_works

TIERS: tuple[Tier, ...] = ("A", "B", "C")
_SLOT = 99_999  # nobody else's: tier C ends what a slot still runs


def find_sandbox(choice: str = "auto") -> Sandbox:
    """Return the best sandbox that works here, or the one of the tier `choice`.

    Raises
    ------
    NoSandboxError
        If it does not work; the message names the remedy. "none" must be asked for by name.
    ValueError
        If `choice` is none of "auto", "A", "B", "C" and "none".
    """
    if choice not in {"auto", *TIERS, "none"}:
        raise ValueError(f"sandbox must be auto, A, B, C or none, got {choice!r}")
    findings = []
    for tier in TIERS if choice == "auto" else (choice,):
        sandbox, finding = _try(tier)
        if sandbox is not None:
            return sandbox
        findings.append(finding)
    raise NoSandboxError(
        "submissions cannot be isolated on this machine:\n"
        + "\n".join(f"tier {f.tier}: {f.reason}. {f.remedy}".rstrip() for f in findings)
    )


def diagnose() -> list[Finding]:
    """Return whether each tier works on this machine, and why not."""
    return [_try(tier)[1] for tier in TIERS]


def _try(tier: str) -> tuple[Sandbox | None, Finding]:
    makers: dict[str, tuple[Tier, Callable[[], Sandbox]]] = {
        "A": ("A", _make_a),
        "B": ("B", _make_b),
        "C": ("C", _make_c),
        "none": ("none", lambda: Visible(own_user=False, namespaces=False)),
    }
    name, make = makers[tier]
    if not sys.platform.startswith("linux"):
        return None, Finding(name, works=False, reason=f"this is {sys.platform}", remedy=NOT_LINUX)
    try:
        sandbox = make()
    except SandboxError as error:
        return None, Finding(name, works=False, reason=str(error), remedy=remedy_for(str(error)))
    facts = ", ".join(
        f"{key}: {value}" for key, value in sandbox.describe().items() if key != "tier"
    )
    return sandbox, Finding(name, works=True, reason=facts)


def _make_a() -> Sandbox:
    parent = cgroup.find_parent()
    remove_abandoned(parent)
    return _bubblewrap(parent)


def _make_b() -> Sandbox:
    return _bubblewrap(None)


def _bubblewrap(groups: Path | None) -> Sandbox:
    bwrap = find_bwrap()
    if bwrap is None:
        raise SandboxError(NO_BWRAP)
    try:
        return _checked(Bubblewrap(bwrap, groups=groups, nesting_forbidden=True))
    except SandboxError:
        # An old bwrap, or a container where /proc/sys cannot be written; the filter does the same.
        return _checked(Bubblewrap(bwrap, groups=groups))


def _make_c() -> Sandbox:
    if os.geteuid() != 0:
        raise SandboxError("only root can run a submission as another user")
    return _checked(Visible(own_user=True, namespaces=unshare_works()))


def _checked(sandbox: Sandbox) -> Sandbox:
    """Return the sandbox if Python runs in it; raise SandboxError if not."""
    command = [sandbox.python(), "-I", "-S", "-c", "pass"]
    with sandbox.start(command, limits=Limits(), pipes={}, env={}, slot=_SLOT) as process:
        code = process.wait(20)
        if code != 0:
            said = process.log().decode("utf-8", "replace").strip()
            raise SandboxError(f"Python does not run in it (exit code {code}): {said}")
    return sandbox
