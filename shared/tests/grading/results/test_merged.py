from dataclasses import replace
from fractions import Fraction

from needle_shared.grading.results.merged import merged
from needle_shared.grading.results.shown import ShownCheck


def check(name, message="wrong", points="1/3", **changes):
    made = ShownCheck(name, "q", False, "bad", "failed", Fraction(points), Fraction(0), message)
    return replace(made, **changes)


def hidden(number, **changes):
    return check(f"hidden check {number} of q", "", hidden=True, number=number, **changes)


def names(checks):
    return [check.name for check in merged(checks)]


def test_parameters_with_one_message_are_put_together():
    rows = merged([check("test_a[x]"), check("test_a[y y]"), check("test_a[z]", "other")])
    assert [(row.name, row.points) for row in rows] == [
        ("test_a[x, y y]", Fraction(2, 3)),
        ("test_a[z]", Fraction(1, 3)),
    ]
    assert rows[0].message == "wrong"


def test_what_differs_stays_apart():
    other = [
        check("test_b[x]"),
        check("test_a[x]", question="r"),
        check("test_a[x]", word="error"),
        check("test_a[x]", tone="part", earned=Fraction(1, 4)),
    ]
    for one in other:
        assert len(merged([check("test_a[w]"), one])) == 2


def test_only_a_few_parameters_are_listed():
    assert names([check(f"test_a[{i}]") for i in range(9)]) == [
        "test_a[0, 1, 2, 3, 4, 5 and 3 more]"
    ]


def test_hidden_checks_are_put_together_by_how_they_went():
    checks = [
        hidden(1),
        check("test_a"),
        hidden(3),
        hidden(4),
        hidden(5, word="pending"),
        hidden(9),
    ]
    rows = merged(checks)
    assert [row.name for row in rows] == [
        "test_a",
        "hidden checks 1, 3-4 and 9 of q",
        "hidden check 5 of q",
    ]
    assert rows[1].points == Fraction(4, 3)


def test_ranges_of_numbers():
    assert names([hidden(2), hidden(3), hidden(4)]) == ["hidden checks 2-4 of q"]
    assert names([hidden(2), hidden(4)]) == ["hidden checks 2 and 4 of q"]
    assert names([hidden(2, question="r"), hidden(4)]) == [
        "hidden check 2 of q",
        "hidden check 4 of q",
    ]
    assert names([]) == []


def test_no_points_are_lost():
    checks = [check(f"test_{i // 4}[{i}]", f"{i % 2}") for i in range(20)]
    checks += [hidden(i, earned=Fraction(i, 99)) for i in range(1, 8)]
    rows = merged(checks)
    assert sum(row.points for row in rows) == sum(check.points for check in checks)
    assert sum(row.earned for row in rows) == sum(check.earned for check in checks)
