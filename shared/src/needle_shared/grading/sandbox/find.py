"""Which sandbox works on this machine."""

from __future__ import annotations

from needle_shared.grading.sandbox.interface import Finding, NoSandboxError, Sandbox


def find_sandbox(choice: str = "auto") -> Sandbox:
    """Return the best sandbox that works here, or the one of the tier `choice`.

    Raises
    ------
    NoSandboxError
        If it does not work; the message names the remedy. "none" must be asked for by name.
    ValueError
        If `choice` is none of "auto", "A", "B", "C" and "none".
    """
    raise NoSandboxError(f"not written yet: {choice}")


def diagnose() -> list[Finding]:
    """Return whether each tier works on this machine, and why not."""
    return []
