from dataclasses import replace

import pytest

from needle_shared.grading.results.explain import UnknownCheckError, explain, find_check


def test_everything_about_a_hidden_check_is_told(result):
    check = next(c for c in result.checks if c.hidden and c.status != "passed")
    text = explain(replace(result, earlier="own"), check.id, "class/ada one.zip")
    for part in (check.id, check.status, check.detail.splitlines()[0], "epoch 2 loss 0.42",
                 'the student sees "hidden check ', "numpy: 2.3.4",
                 "needle-grade run hw1 'class/ada one.zip' --seed 7 --earlier own"):  # fmt: skip
        assert part in text


def test_the_message_of_a_visible_check_is_told(result):
    check = next(c for c in result.checks if not c.hidden and c.status == "failed")
    text = explain(result, check.id)
    assert check.message in text
    assert "the student sees" not in text


def test_a_check_is_found_by_each_of_its_names(result):
    whole = "checks/hidden/test_backward.py::test_matmul_gradient_of_views[sliced]"
    for name in (whole, whole.rpartition("::")[2], "hidden check 2 of backward"):
        assert find_check(result, name).id == whole


def test_an_unknown_check_is_told_with_those_near_it(result):
    with pytest.raises(UnknownCheckError, match=r"no check 'test_matmul\[batch\]'; near it: .*"
                       r"test_matmul\[batched\]"):  # fmt: skip
        explain(result, "test_matmul[batch]")
    with pytest.raises(UnknownCheckError, match="no check ''"):
        explain(replace(result, checks=()), "")


def test_a_name_of_two_checks_is_told_with_both(result):
    twin = replace(result.checks[0], id="checks/other.py::test_power[square]")
    with pytest.raises(UnknownCheckError, match=r"may be any of .*other\.py"):
        explain(replace(result, checks=(*result.checks, twin)), "test_power[square]")
