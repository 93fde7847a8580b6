"""The page that a student reads first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from needle_shared.grading.assignment import Assignment

Points = Mapping[str, tuple[Fraction | float, Fraction | float]]


def assignment_page(
    assignment: Assignment, earlier: Sequence[str], stubs: bool, points: Points | None = None
) -> str:
    """Return ASSIGNMENT.md: what to write, question by question, and how to test it.

    `earlier` are the stages that this one imports, with stubs or without. `points` has the points
    of visible and of hidden checks for each question by its id.
    """
    stage = assignment.stage
    places = "those that use them" + (", or into new files" if assignment.new_files else "")
    lines = [
        f"# {stage}: {assignment.title}",
        "",
        f"Write the functions listed below, in `{stage}/`: each raises an error until you have.",
        "Docstrings say what they return. Other functions, signatures and files stay as they are;",
        f"helpers of your own go beside {places}.",
        "",
    ]
    if earlier:
        names = ", ".join(f"`{name}/`" for name in earlier)
        state = "have stubs, too: fill in what you wrote before" if stubs else "are complete"
        lines += [f"This stage imports {names}, which {state}.", ""]
    lines += [
        "```sh",
        *_commands(assignment),
        "```",
        "",
        f"`{stage}/README.md` describes the package. What is graded are the checks in",
        f"`{stage}/checks`, and hidden ones of the same rules. The package's own tests go further:",
        "they want the words of its errors and everything that its documents say.",
        "",
        "Import only what the package imports already, and modules of Python itself: nothing else",
        "is there when it is graded. Hand in this folder, as it is or as a .zip or .tar.gz.",
        "",
    ]
    if assignment.native is not None:
        lines += [
            "The first run compiles all of the C++, later ones what you changed.",
            "",
        ]
    lines += _table(assignment, points)
    return "\n".join(lines) + "\n"


def _commands(assignment: Assignment) -> list[str]:
    """Return lines for a shell."""
    stage, first = assignment.stage, assignment.questions[0].id
    lines = {
        stage: "build, run the checks, and say the points",
        f"{stage} -- {stage}/checks/test_{first}.py": "of one question",
        f"{stage} -- -k NAME": "checks with a word in their names",
        f"{stage} -- {stage}/tests": "the package's own tests",
    }
    if assignment.native is not None:
        lines[f"asan -- {stage}/checks"] = "where the C++ leaves its memory, or overflows"
    width = max(map(len, lines))
    return [f"python3 noxfile.py -s {words:<{width}}  # {what}" for words, what in lines.items()]


def _table(assignment: Assignment, points: Points | None) -> list[str]:
    if points is None:
        head = ["| question | you write | in |", "|---|---|---|"]
    else:
        head = ["| question | points | of these hidden | you write | in |", "|---|--:|--:|---|---|"]
    rows: list[str] = []
    total = [Fraction(0), Fraction(0)]
    for question in assignment.questions:
        names: dict[str, list[str]] = {}
        for symbol in question.symbols:
            names.setdefault(symbol.file, []).append(f"`{symbol.name}`")
        cells = [f"[{question.title}]({assignment.stage}/checks/test_{question.id}.py)"]
        if points is not None:
            visible, hidden = (Fraction(value) for value in points.get(question.id, (0, 0)))
            total = [total[0] + visible + hidden, total[1] + hidden]
            cells += [_number(visible + hidden), _number(hidden)]
        for file, symbols in names.items():
            rows.append("| " + " | ".join([*cells, ", ".join(symbols), f"`{file}`"]) + " |")
            cells = [""] * len(cells)
        if not names:
            rows.append("| " + " | ".join([*cells, "", ""]) + " |")
    if points is not None:
        rows.append(f"| **all** | **{_number(total[0])}** | **{_number(total[1])}** | | |")
    return head + rows


def _number(value: Fraction) -> str:
    return str(value.numerator) if value.denominator == 1 else f"{float(value):g}"
