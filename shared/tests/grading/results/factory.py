"""Results of an imagined class, the same in every run."""

import random
from fractions import Fraction

from needle_shared.grading.results.model import CheckResult, Compared, QuestionResult, Result
from needle_shared.grading.results.roster import Roster, Student

QUESTIONS = {  # id: title, symbols, functions with points and parameters, hidden ones
    "forward": (
        "Forward computation",
        ["PowerScalar.compute", "EWiseDiv.compute", "MatMul.compute", "Summation.compute"],
        [
            ("test_power", 2, ["square", "cube"]),
            ("test_divide", 2, ["same shape", "by a number"]),
            ("test_matmul", 4, ["matrices", "batched", "broadcast batch", "vector"]),
            ("test_sum", 3, ["one axis", "two axes", "all axes"]),
        ],
        [("test_matmul_size_one", 3, ["1x1", "empty"]), ("test_sum_negative_axis", 3, [""])],
    ),
    "backward": (
        "Gradients of operators",
        ["PowerScalar.gradient", "EWiseDiv.gradient", "MatMul.gradient", "Summation.gradient"],
        [
            ("test_divide_gradient", 5, ["same shape"]),
            ("test_matmul_gradient", 9, ["matrices", "batched", "broadcast batch"]),
            ("test_sum_gradient", 6, ["one axis", "two axes", "all axes"]),
        ],
        [
            ("test_matmul_gradient_of_views", 6, ["transposed", "sliced"]),
            ("test_sum_gradient_keeps_dtype", 4, ["float32", "float64"]),
        ],
    ),
    "topological": (
        "Topological sort",
        ["find_topo_sort", "topo_sort_dfs"],
        [("test_topological_order", 6, ["chain", "diamond"])],
        [("test_topological_order_of_shared_nodes", 4, ["wide"])],
    ),
    "autodiff": (
        "Reverse-mode differentiation",
        ["compute_gradient_of_variables"],
        [("test_gradient", 9, ["one use", "two uses", "deep"])],
        [("test_gradient_of_gradient", 6, ["power", "product"])],
    ),
    "softmax": (
        "Softmax loss",
        ["softmax_loss"],
        [("test_softmax_loss", 6, ["50 x 10", "1 x 3"])],
        [("test_softmax_loss_of_large_logits", 6, ["1000"])],
    ),
    "network": (
        "Training a network of two layers",
        ["nn_epoch"],
        [("test_nn_epoch", 9, ["even batches", "uneven batches"]), ("test_nn_speed", 3, [""])],
        [("test_nn_epoch_of_one_batch", 4, [""])],
    ),
}
NAMES = [
    "Ada Okafor",
    "Bjørn Halvorsen",
    "Chiara Rossi",
    "Dmitri Volkov",
    "Emeka Nwosu",
    "Fatima Zahra El Idrissi",
    "Grace Lindqvist",
    "Hana Kobayashi",
    "Ivana Horvat",
    "Jamal Carter",
    "Katarzyna Wójcik",
    "Liam O'Sullivan",
    "Mei-Ling Chen",
    "Nikhil Banerjee",
    "Olivia Thompson",
    "Pedro Álvarez",
    "Qasim Rahimi",
    "Rosa Jiménez",
    "Sven Müller",
    "Thandiwe Dlamini",
]
BAD = [
    ("failed", "{name}: shape (2, 7, 7, 4), expected (2, 8, 8, 4)"),
    (
        "failed",
        (
            "{name}: 12 of 12 values are wrong; largest error 2.41, relative 1; the first at "
            "[0, 0]: -1.2048, expected 1.2048"
        ),
    ),
    (
        "error",
        (
            "ValueError: operands could not be broadcast together with shapes (4,5) (2,3,4)\n"
            "  src/needle_hw1/ops/linalg.py, line 41, in gradient"
        ),
    ),
    ("error", "NotImplementedError: hw1: {name}"),
    ("timeout", "No answer after 10 s; the reference took 0.04 s."),
    ("crash", "The process died of signal 11 (segmentation fault)."),
]


EASE = {"forward": 0.1, "softmax": 0.04, "backward": -0.08, "autodiff": -0.2, "network": -0.05}


def name_of(function, parameters):
    return f"{function}[{parameters}]" if parameters else function


def make_checks(skill, random_):
    checks = []
    for id_, (_, _, visible, hidden) in QUESTIONS.items():
        weak = random_.random() > skill + 0.25
        for is_hidden, functions in ((False, visible), (True, hidden)):
            folder = "checks/hidden" if is_hidden else "checks"
            for function, points, parameters in functions:
                for parameter in parameters:
                    share = Fraction(points, len(parameters))
                    name = f"{folder}/test_{id_}.py::{name_of(function, parameter)}"
                    chance = skill + EASE.get(id_, 0) - 0.3 * weak - 0.12 * is_hidden
                    good = random_.random() < chance
                    checks.append(make_check(name, id_, is_hidden, share, good, random_))
    return tuple(checks)


def make_check(name, question, hidden, points, good, random_):
    seconds = random_.random() / 10
    if "speed" in name:
        return CheckResult(
            name, question, hidden, points, points / 2 if good else points, "failed" if good else
            "passed", "2.1 times the reference's time: half of the points." if good else "",
            seconds=seconds,
        )  # fmt: skip
    if good:
        return CheckResult(name, question, hidden, points, points, "passed", seconds=seconds)
    status, message = random_.choice(BAD)
    message = message.format(name=name.rpartition("test_")[2].partition("[")[0])
    return CheckResult(
        name, question, hidden, points, Fraction(0), status, "" if hidden else message,
        f"SECRET detail of {name}: {message}", seconds,
    )  # fmt: skip


def make_questions(checks):
    return tuple(
        QuestionResult.of(
            id_, title, checks, [f"src/needle_hw1/ops.py::{symbol}" for symbol in symbols]
        )
        for id_, (title, symbols, *_) in QUESTIONS.items()
    )


def make_result(student="ada", skill=0.75, seed=1, **changes):
    random_ = random.Random(f"{student} {seed}")
    checks = changes.pop("checks", None)
    checks = make_checks(skill, random_) if checks is None else checks
    settings = {
        "student": student,
        "stage": "hw1",
        "title": "Automatic differentiation",
        "status": "graded",
        "isolation": "B",
        "checks": checks,
        "questions": make_questions(checks),
        "notes": ("src/needle_hw1/ops/reduce.py is missing: the skeleton's was used.",),
        "taken": ("src/needle_hw1/autograd.py", "src/needle_hw1/ops/linalg.py"),
        "ignored": ("__MACOSX/._autograd.py", "notebook.ipynb"),
        "record": {"seed": 7, "numpy": "2.3.4", "reference": "9f2c41d0"},
        "timing": {"run": 3.25, "queue": 0.5},
        "log": "epoch 1 loss 0.51\nepoch 2 loss 0.42\n",
        **changes,
    }
    return Result(**settings)


def with_pending(result):
    """Return the result with its last question pending, and another choice of earlier stages."""
    checks = tuple(
        CheckResult(c.id, c.question, c.hidden, c.points, Fraction(0), "pending")
        if c.question == "network"
        else c
        for c in result.checks
    )
    compared = Compared("own", Fraction(50), ("src/needle_hw0/ops.py::softmax",))
    student = result.student
    return make_result(student, checks=checks, compared=compared, earlier="both")


def make_class(size=60):
    """Return the results and the roster of a class, some of which handed in nothing useful."""
    students, results = [], []
    random_ = random.Random(4)
    for i in range(size):
        first, _, last = NAMES[i % len(NAMES)].partition(" ")
        id_ = f"{first.lower()[:1]}{last.lower().split()[-1][:6]}{i:02d}"
        students.append(Student(id_, NAMES[i % len(NAMES)], f"{id_}@example.org"))
        skill = min(1.02, max(0.05, random_.gauss(0.87, 0.2)))
        if i % 23 == 9:
            continue
        if i % 29 == 12:
            message = "The archive is damaged: the file is cut off after 18,204 bytes."
            results.append(make_result(id_, status="invalid", message=message, checks=(),
                                       questions=()))  # fmt: skip
        elif i == 33:
            results.append(make_result(id_, status="infra_error", message="The disk is full.",
                                       checks=(), questions=()))  # fmt: skip
        else:
            results.append(make_result(id_, skill))
    return results, Roster(tuple(students), has_email=True)
