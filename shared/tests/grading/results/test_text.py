import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from needle_shared.grading.results.text import CUT, clean, last_bytes, one_line, without_addresses

CODES = ["\x1b[31m", "\x1b]0;t\x07", "\x1b]8;;x\x1b\\", "\x1b", "\x9b1m"]
SIGNS = ["\r\n", "\r", "\t", "\x00", "\u202e", "\u2028", "\ud800", "\ufffe", "[0m", "é", "a", " "]
PIECES = st.sampled_from([*CODES, *SIGNS])
texts = st.one_of(st.text(st.characters(), max_size=80), st.lists(PIECES).map("".join))
UNSAFE = re.compile("[^\t\n\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@given(texts)
def test_clean_text_has_no_control_characters_and_stays_as_it_is(text):
    cleaned = clean(text)
    assert UNSAFE.search(cleaned) is None
    assert not set(cleaned) & set("\u202a\u202b\u202d\u202e\u2066\u2067\u2068\u2028\u2029")
    assert clean(cleaned) == cleaned
    cleaned.encode()


@given(texts, st.integers(20, 60), st.sampled_from(["start", "end"]))
def test_a_bounded_text_is_bounded_and_stays_as_it_is(text, limit, keep):
    cleaned = clean(text, limit, keep=keep)
    assert len(cleaned) <= limit
    assert clean(cleaned, limit, keep=keep) == cleaned


@given(texts, st.integers(20, 60))
def test_one_line_is_one_line(text, limit):
    line = one_line(text, limit)
    assert line == " ".join(line.split())
    assert len(line) <= limit
    assert one_line(line, limit) == line


def test_plain_texts_stay():
    text = "matmul: shape (2, 3), expected (3, 2)\n\tnaïve 数 العربية 🙂 \\x1b[31m [red] <b>\n"
    assert clean(text, 100) == text


@pytest.mark.parametrize(
    "code",
    [
        "\x1b[1;31m",
        "\x1b[2J",
        "\x1b]0;title\x07",
        "\x1b]8;;http://x\x1b\\",
        "\x1bPq\x1b\\",
        "\x9b3m",
    ],
)
def test_codes_of_terminals_are_removed_whole(code):
    assert clean(f"a{code}b") == "ab"


def test_which_end_of_a_long_text_is_kept():
    text = "".join(f"{i:05d}" for i in range(1000))
    assert clean(text, 50) == text[: 50 - len(CUT)] + CUT
    assert clean(text, 50, keep="end") == CUT + text[-50 + len(CUT) :]


def test_a_megabyte_is_cleaned_quickly_whatever_it_holds():
    # A pattern that goes back and forth over the text would not come to an end.
    for piece in ("\x1b]", "\x1b[", "\x1bP", "a", "\r", "0x"):
        assert len(clean(piece * (1 << 19), 2000)) <= 2000
        assert len(clean(piece * (1 << 19))) <= 1 << 20


@pytest.mark.parametrize("limit", [64, 65, 66, 67])
def test_the_last_bytes_are_whole_characters(limit):
    kept = last_bytes("é€🙂" * 100, limit)
    assert limit - 4 < len(kept.encode()) <= limit
    assert "é€🙂".encode() * 3 in kept.encode()
    assert last_bytes("short", limit) == "short"


def test_addresses_do_not_make_two_runs_differ():
    text = "<Tensor object at 0x7f3a5c01d9e0> of 0x1F"
    assert without_addresses(text) == "<Tensor object at 0x...> of 0x1F"
