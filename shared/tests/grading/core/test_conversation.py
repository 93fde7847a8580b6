from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_shared.grading.channel import ChannelError, ClosedError
from needle_shared.grading.conversation import Conversation, entropy
from needle_shared.grading.inside.records import Record
from needle_shared.grading.outcome import Outcome

VALUE = {"event": "value", "check": "c", "name": "x", "how": "close", "shape": [2], "dtype": "<f8"}
END = {"event": "end", "check": "c", "status": "ok", "message": "m", "detail": "d"}
EXPECTED = Outcome("ok", (Record("x", "close", np.zeros(2)),))


class Script:
    """Answers as it was told, then the process has ended."""

    def __init__(self, *frames: tuple[dict[str, Any], bytes]) -> None:
        self.frames = list(frames)
        self.longest: list[int] = []

    def frame(self, deadline: float, longest: int) -> tuple[dict[str, Any], bytes]:
        self.longest.append(longest)
        if not self.frames:
            raise ClosedError
        return self.frames.pop(0)


class Said:
    """Keeps the requests."""

    def __init__(self) -> None:
        self.requests: list[dict[str, Any]] = []

    def say(self, request: dict[str, Any], deadline: float) -> None:
        self.requests.append(request)


@pytest.fixture
def requests() -> Said:
    return Said()


def hold(requests: Said, *frames: tuple[dict[str, Any], bytes]) -> Outcome:
    return Conversation(Script(*frames), requests, "c", 7, 0.0, EXPECTED, None).hold()


def test_values_and_the_end_make_an_outcome(requests: Said) -> None:
    outcome = hold(requests, (VALUE, bytes(16)), (END, b""))
    assert (outcome.status, outcome.message, outcome.detail) == ("ok", "m", "d")
    assert [record.name for record in outcome.records] == ["x"]


def test_what_may_be_sent_shrinks_with_what_was_sent(requests: Said) -> None:
    script = Script((VALUE, bytes(16)), (VALUE, bytes(16)), (END, b""))
    Conversation(script, requests, "c", 7, 0.0, EXPECTED, None).hold()
    assert script.longest[0] - script.longest[1] == 16
    assert script.longest[1] - script.longest[2] == 16


def test_plain_values_are_counted_too(requests: Said) -> None:
    """A header of some 100 KiB can be many times as large when it is read."""
    wide = {**VALUE, "how": "value", "value": [[]] * 20_000}
    script = Script(*[(wide, b"")] * 9, (END, b""))
    with pytest.raises(ClosedError):
        Conversation(Script((wide, b"")), requests, "c", 7, 0.0, EXPECTED, None).hold()
    with suppress(ChannelError):
        Conversation(script, requests, "c", 7, 0.0, EXPECTED, None).hold()
    assert script.longest[1] < 0  # so that the channel refuses all that follows


@pytest.mark.parametrize(
    "header",
    [
        {**VALUE, "check": "d"},
        {**END, "check": None},
        {**END, "status": "passed"},
        {**END, "status": ["ok"]},
        {**VALUE, "event": "checks"},
        {"event": "lap", "check": "c", "ratio": 3},
        {"event": "lap", "check": "c", "ratio": [["x", "y"]]},
        {"event": "lap", "check": "c", "ratio": [[10**400, 1]]},
        {"event": "lapped", "check": "c"},
    ],
)
def test_an_answer_that_was_not_asked_for_is_refused(
    requests: Said, header: dict[str, Any]
) -> None:
    payload = bytes(16) if header["event"] == "value" else b""
    with pytest.raises(ChannelError):
        hold(requests, (header, payload))


def test_more_values_than_the_check_records_are_refused(requests: Said) -> None:
    with pytest.raises(ChannelError, match="more values"):
        hold(requests, *[(VALUE, bytes(16))] * 100)


def test_a_timed_call_is_measured_and_the_other_side_is_called_before(requests: Said) -> None:
    lap = ({"event": "lap", "check": "c", "ratio": [[2, 1], [4, 0.5]]}, b"")
    lapped = ({"event": "lapped", "check": "c"}, b"")
    turns: list[int] = []
    script = Script(lap, lapped, lap, lapped, (END, b""))
    outcome = Conversation(script, requests, "c", 7, 0.0, None, lambda: turns.append(1)).hold()
    assert outcome.lap is not None
    assert len(outcome.lap.seconds) == len(turns) == 2
    assert outcome.lap.ratio == [(2.0, 1.0), (4.0, 0.5)]
    assert len({request["entropy"] for request in requests.requests}) == 3  # all are different


def test_values_of_a_timed_call_are_counted_when_it_ends(requests: Said) -> None:
    lap = ({"event": "lap", "check": "c", "ratio": [[2, 1]]}, b"")
    lapped = ({"event": "lapped", "check": "c", "seconds": 0.5}, b"")
    value = (VALUE, bytes(16))
    script = Script(lap, value, value, lapped, lap, lapped, value, (END, b""))
    outcome = Conversation(script, requests, "c", 7, 0.0, None, None).hold()
    assert outcome.lap is not None
    assert (outcome.lap.records, outcome.lap.alone) == ([2, 2], [0.5, 0.5])
    with pytest.raises(ChannelError):
        hold(requests, lap, lap)


def test_the_inputs_of_a_check_depend_on_seed_and_name() -> None:
    numbers = {entropy(seed, name) for seed in (0, 1, 11) for name in ("a", "b", "1 a")}
    assert len(numbers) == 9
    assert entropy(3, "a") == entropy(3, "a")


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=6,
)
keys = st.sampled_from(["status", "message", "detail", "ratio", "name", "how", "shape", "dtype"])
events = st.sampled_from(["value", "lap", "lapped", "end", "ready", "x"])


@given(st.dictionaries(keys, anything), events, st.binary(max_size=16))
def test_nothing_that_is_sent_raises_what_is_not_caught(
    header: dict[str, Any], event: str, payload: bytes
) -> None:
    try:
        outcome = hold(Said(), ({**header, "event": event, "check": "c"}, payload))
    except (ChannelError, ClosedError):
        return
    assert outcome.status in {"ok", "error"}
    assert isinstance(outcome.message, str)
