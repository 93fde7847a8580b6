"""Kinds of files that are never source, and are ignored wherever they are."""

from __future__ import annotations

from pathlib import PurePosixPath

_FOLDERS = {
    **dict.fromkeys((".git", ".hg", ".svn"), "version control"),
    "__MACOSX": "macOS's notes on files",
    **dict.fromkeys((".idea", ".vscode", ".vs"), "an editor's settings"),
    **dict.fromkeys(("__pycache__", ".ipynb_checkpoints"), "made by Python"),
    **dict.fromkeys(
        (".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".cache"), "a tool's cache"
    ),
    **dict.fromkeys(
        (".nox", ".tox", ".venv", "venv", "site-packages", "node_modules"), "installed packages"
    ),
    **dict.fromkeys(("build", "_skbuild", "CMakeFiles"), "build output"),
}
_NAMES = {
    **dict.fromkeys((".DS_Store", "Thumbs.db", "desktop.ini"), "a file manager's notes"),
}
_SUFFIXES = {
    ".ipynb": "a notebook",
    **dict.fromkeys((".pyc", ".pyo", ".pth"), "made by Python"),
    **dict.fromkeys(
        (".so", ".pyd", ".dll", ".dylib", ".o", ".obj", ".a", ".lib", ".exe", ".whl"),
        "build output",
    ),
    **dict.fromkeys((".gz", ".npz", ".npy", ".pkl", ".pickle", ".pt", ".bin"), "data"),
    **dict.fromkeys((".csv", ".parquet", ".safetensors", ".h5", ".log"), "data"),
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".gif", ".svg", ".pdf", ".docx"), "a document"),
    **dict.fromkeys((".zip", ".tar", ".tgz", ".rar", ".7z", ".xz", ".bz2"), "an archive"),
}


def ignored_kind(parts: tuple[str, ...], *, folder: bool = False) -> tuple[int, str] | None:
    """Return how many parts of a name to show, and what kind of thing that is, or None.

    A folder of such a kind hides all that is in it.
    """
    folders = parts if folder else parts[:-1]
    for i, part in enumerate(folders, start=1):
        reason = _FOLDERS.get(part)
        if reason is None and part.endswith(".egg-info"):
            reason = "build output"
        if reason is not None:
            return i, reason
    if folder or not parts:
        return None
    name = parts[-1]
    reason = _NAMES.get(name) or _SUFFIXES.get(PurePosixPath(name).suffix.lower())
    if reason is None and name.startswith("._"):
        reason = "macOS's notes on files"
    return None if reason is None else (len(parts), reason)


def is_archive(name: str) -> bool:
    """Return whether a file's name is that of an archive that can be handed in."""
    return name.lower().endswith((".zip", ".tar.gz", ".tgz", ".tar"))
