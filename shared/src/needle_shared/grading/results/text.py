"""Makes texts of submissions harmless, whatever they hold."""

from __future__ import annotations

import re

CUT = " ... (shortened)"

_ESCAPE = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours and movements of the cursor
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # titles and links
    r"|\x1b[PX^_][^\x1b]*\x1b\\"  # strings to the terminal
    r"|\x1b[ -/]*[0-Z\\^-~]"
    r"|\x9b[0-?]*[ -/]*[@-~]"
)
# Control characters but tab and newline, separators of lines that only some programs know, marks
# that turn the direction of the text after them, half characters, and what XML has not.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,16}\b")


def clean(text: str, limit: int | None = None, *, keep: str = "start") -> str:
    r"""Return a text whose only control characters are tabs and newlines.

    Codes of terminals are removed, other bad characters become U+FFFD. Of a text of more than
    `limit` characters, the start or the end is kept. A clean text is returned as it is.
    """
    if limit is not None and len(text) > 4 * limit:  # a megabyte is not worth the time
        text = text[: 4 * limit] if keep == "start" else text[-4 * limit :]
    text = _ESCAPE.sub("", text.replace("\r\n", "\n")).replace("\r", "\n")
    text = _UNSAFE.sub("\ufffd", text)
    if limit is None or len(text) <= limit:
        return text
    if keep == "start":
        return text[: limit - len(CUT)] + CUT
    return CUT + text[len(text) - limit + len(CUT) :]


def one_line(text: str, limit: int | None = None) -> str:
    """Return a clean text without tabs and newlines; white space is one space."""
    return clean(" ".join(clean(text, limit).split()), limit)


def without_addresses(text: str) -> str:
    """Return a text in which `0x...` stands for addresses, which differ from run to run."""
    return _ADDRESS.sub("0x...", text)


def last_bytes(text: str, limit: int) -> str:
    """Return the end of a clean text: at most `limit` bytes in UTF-8."""
    data = clean(text, limit, keep="end").encode()
    return data[-limit:].decode(errors="ignore") if len(data) > limit else data.decode()
