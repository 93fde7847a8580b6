"""Mutants of C++: as those of Python, by the tokens of a symbol's body."""

from __future__ import annotations

import re
from collections.abc import Iterator

from needle_shared.grading.skeleton.cpp_tree import find

# A token between blanks, as clang-format leaves it: references and templates have none around.
_TOKENS = {
    " + ": " - ",
    " - ": " + ",
    " * ": " / ",
    " / ": " * ",
    " < ": " <= ",
    " > ": " >= ",
    " <= ": " < ",
    " >= ": " > ",
    " == ": " != ",
    " += ": " -= ",
    " -= ": " += ",
}
_NUMBER = re.compile(r"(?<![\w.])(\d+)(?![\w.])")
_ERROR = re.compile(r"throw |raise|require|check|static_assert|#")


def native_mutants(source: str, name: str) -> Iterator[tuple[str, str]]:
    """Yield a fault in words and the changed source, for each token that has a counterpart.

    Lines about errors and macros are left as they are.
    """
    data = source.encode()
    for item in find(data, name):
        if item.body is None:
            continue  # a declaration
        begin, end = item.body
        body = data[begin:end].decode()
        for match in [*_tokens(body), *_NUMBER.finditer(body)]:
            start = body.rfind("\n", 0, match.start()) + 1
            line = body[start : body.find("\n", match.end())]
            if _ERROR.search(line) or line.lstrip().startswith(("//", "///", "template")):
                continue
            old = match[0]
            new = _TOKENS.get(old) or str(int(old) + 1)
            changed = body[: match.start()] + new + body[match.end() :]
            number = data[: begin + len(body[: match.start()].encode())].count(b"\n") + 1
            fault = f"line {number}: {old.strip()} -> {new.strip()} in `{line.strip()[:60]}`"
            yield fault, (data[:begin] + changed.encode() + data[end:]).decode()


def _tokens(body: str) -> list[re.Match[str]]:
    pattern = "|".join(re.escape(token) for token in sorted(_TOKENS, key=len, reverse=True))
    return list(re.finditer(pattern, body))
