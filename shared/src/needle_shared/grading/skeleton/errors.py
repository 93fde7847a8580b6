"""What is wrong with a symbol or a source."""

from __future__ import annotations


class SymbolError(ValueError):
    """A symbol is not in its file, or it is not clear which definition it means."""


class SourceError(ValueError):
    """A source is not in its language."""
