import copy
import json
import math
from dataclasses import replace
from fractions import Fraction

import jsonschema
import pytest

from needle_shared.grading.results.model import Compared
from needle_shared.grading.results.reading import ResultError
from needle_shared.grading.results.sanitise import DETAIL, FILES, LOG, MESSAGE, sanitised
from needle_shared.grading.results.serialize import (
    document_of,
    from_json,
    read_result,
    schema,
    to_json,
    write_result,
)


@pytest.fixture
def document(result):
    return document_of(replace(result, compared=Compared("own", Fraction(145, 3), ("a::b",))))


def is_valid(document):
    return jsonschema.Draft202012Validator(schema()).is_valid(document)


def test_the_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(schema())


def test_a_result_is_read_as_it_was_written(factory, result, tmp_path):
    results, _ = factory.make_class(14)
    for one in [result, factory.with_pending(result), *results]:
        write_result(one, tmp_path / "result.json")
        assert read_result(tmp_path / "result.json") == one
        assert is_valid(json.loads((tmp_path / "result.json").read_text(encoding="utf-8")))


def test_points_are_exact(result):
    document = document_of(result)
    points = [Fraction(check["points"]) for check in document["checks"]]
    assert points == [check.points for check in result.checks]
    assert any(point.denominator == 2 for point in points)
    assert document["total"]["points"] == 100
    assert document["total"]["earned"] == float(result.earned)


def test_two_runs_differ_in_timing_alone(result):
    checks = tuple(replace(check, seconds=check.seconds + 1) for check in result.checks)
    again = replace(result, checks=checks, timing={"run": 9.0})
    a, b = document_of(result), document_of(again)
    assert a.pop("timing") != b.pop("timing")
    assert json.dumps(a) == json.dumps(b)


def test_there_are_no_numbers_that_json_has_not(result):
    checks = (replace(result.checks[0], seconds=math.nan), *result.checks[1:])
    text = to_json(
        replace(
            result,
            checks=checks,
            record={"a": math.inf, "b": [math.nan, {"c": -math.inf}], "d": Fraction(1, 3)},
            timing={"run": math.inf, "queue": 1.0, "bad": -1.0},
        )
    )
    read = from_json(text)
    assert read.record == {"a": None, "b": [None, {"c": None}], "d": "1/3"}
    assert read.timing == {"queue": 1.0}
    assert read.checks[0].seconds == 0


def test_texts_are_bounded(result):
    long = "x" * 1_000_000
    checks = (replace(result.checks[0], message=long, detail=long), *result.checks[1:])
    files = tuple(f"file{i}" for i in range(5000))
    document = document_of(
        replace(result, checks=checks, student=long, message=long, notes=files, log="🙂" * 100_000,
                taken=(long,), ignored=files)
    )  # fmt: skip
    assert len(document["checks"][0]["message"]) == MESSAGE
    assert len(document["checks"][0]["detail"]) == DETAIL
    assert LOG - 8 < len(document["log"].encode()) <= LOG
    assert len(document["notes"]) == len(document["ignored"]) == FILES
    assert document["ignored"][-1] == "and 3001 more"
    assert is_valid(document)


def test_a_sanitised_result_stays_as_it_is(factory, result):
    long = "\x1b[1m\ud800é\r" * 100_000
    checks = tuple(replace(check, message=long, detail=long) for check in result.checks[:2])
    once = sanitised(replace(result, checks=checks, student=long, log=long, notes=(long,)))
    assert sanitised(once) == once


def test_a_record_holds_only_what_json_has(result):
    with pytest.raises(TypeError, match="got set"):
        to_json(replace(result, record={"a": {1}}))


def test_two_checks_of_one_id_are_an_error(result):
    with pytest.raises(ValueError, match="twice"):
        to_json(replace(result, checks=(result.checks[0], *result.checks)))


@pytest.mark.parametrize("version", [0, 2, "1", None, True, 1.5])
def test_other_versions_are_not_read(document, version):
    with pytest.raises(ResultError, match=r"schema_version .*, this grader reads 1"):
        from_json(json.dumps({**document, "schema_version": version}))


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "[" * 100_000, '{"a": NaN}'])
def test_what_is_no_result_is_not_read(text):
    with pytest.raises(ResultError):
        from_json(text)


def test_numbers_that_json_has_not_are_not_read(document):
    for number in (math.nan, math.inf, -math.inf):
        document["record"]["seed"] = number
        with pytest.raises(ResultError, match=r"(NaN|Infinity) is no JSON"):
            from_json(json.dumps(document))


def test_the_message_names_the_file(tmp_path):
    path = tmp_path / "result.json"
    with pytest.raises(ResultError, match=r"result\.json cannot be read"):
        read_result(path)
    path.write_bytes(b"\xff\xfe{}")
    with pytest.raises(ResultError, match=r"result\.json cannot be read"):
        read_result(path)
    path.write_text("{}")
    with pytest.raises(ResultError, match=r"result\.json: schema_version None"):
        read_result(path)


def places(value, path=()):
    """Yield the paths of all that a document holds; of lists, the first item."""
    if path and path[0] == "record":
        return
    if path:
        yield path
    items = value.items() if isinstance(value, dict) else ()
    items = list(enumerate(value))[:1] if isinstance(value, list) else items
    for key, item in items:
        yield from places(item, (*path, key))


def changed(document, path, change):
    document = copy.deepcopy(document)
    at = document
    for key in path[:-1]:
        at = at[key]
    change(at, path[-1])
    return document


def test_wrong_types_are_found_by_the_reader_and_by_the_schema(document):
    wrong = [None, 3.5, "x/y", [7], {"a": "b"}, True]
    count = 0
    for path in places(document):
        for value in wrong:
            bad = changed(document, path, lambda at, key, value=value: at.__setitem__(key, value))
            try:
                from_json(json.dumps(bad))
            except ResultError:
                count += 1
            else:
                # What is read must be a text or a number where there was one.
                assert is_valid(bad) or path[0] == "total", (path, value)
    assert count > 100


def test_missing_keys_are_found(document):
    for path in places(document):
        if isinstance(path[-1], str) and "timing" not in path[:-1]:
            bad = changed(document, path, lambda at, key: at.pop(key))
            assert not is_valid(bad), path
            if path != ("compared",):
                with pytest.raises(ResultError):
                    from_json(json.dumps(bad))


@pytest.mark.parametrize("earned", ["-1", "1e3", "1/0", "0.5", "٣", " 1", "101"])
def test_points_that_are_none_are_found(document, earned):
    document["checks"][0]["earned"] = earned
    with pytest.raises(ResultError, match=r"checks\[0\]"):
        from_json(json.dumps(document))


def test_a_total_that_is_not_the_sum_is_found(document):
    document["total"]["earned"] += 1
    with pytest.raises(ResultError, match="the checks give"):
        from_json(json.dumps(document))


def test_a_check_cannot_earn_more_than_it_has(result):
    check = result.checks[0]
    for earned in (check.points + 1, Fraction(-1)):
        with pytest.raises(ValueError, match="points"):
            replace(check, earned=earned)
