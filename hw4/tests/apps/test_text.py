"""Texts in chunks, and states that are carried from each to the next."""

import math

import numpy as np
import pytest

import needle_hw4 as ndl
from needle_hw4 import data, nn
from needle_hw4.apps.text import CarryingModel, TextLoader, perplexity, predict_words
from needle_hw4.models import LanguageModel

WORDS, ROWS, COLUMNS = 7, 11, 3
KINDS = ["rnn", "lstm", "transformer"]


def text(rows=ROWS, columns=COLUMNS, seed=0):
    return np.random.default_rng(seed).integers(WORDS, size=(rows, columns)).astype(np.int32)


def make(kind, layers=2, seed=1, **options):
    np.random.seed(seed)
    options = {"num_head": 2, "dim_head": 2, **options} if kind == "transformer" else {}
    return LanguageModel(4, WORDS, 5, layers, kind, ROWS, **options)


# The loader


@pytest.mark.parametrize("bptt", [1, 2, 3, 5, 9, 10, 11, 40])
@pytest.mark.parametrize("rows", [2, 3, 11])
def test_chunks_are_consecutive_rows_and_those_after_them(rows, bptt):
    columns = text(rows)
    loader = TextLoader(columns, bptt)
    chunks = list(loader)
    assert len(chunks) == len(loader)
    assert [chunk.is_first for chunk in chunks] == [True] + [False] * (len(chunks) - 1)
    assert all(len(chunk.words) == bptt for chunk in chunks[:-1])
    np.testing.assert_array_equal(np.concatenate([c.words.numpy() for c in chunks]), columns[:-1])
    following = np.concatenate([chunk.following.numpy() for chunk in chunks])
    np.testing.assert_array_equal(following, columns[1:].reshape(-1))


@pytest.mark.parametrize("start", range(5))
def test_pass_can_be_taken_up_at_any_chunk(start):
    loader = TextLoader(text(), 3)
    whole, rest = list(loader), list(loader.batches(start))
    assert len(rest) == len(whole) - start
    for mine, wanted in zip(rest, whole[start:], strict=True):
        np.testing.assert_array_equal(mine.words.numpy(), wanted.words.numpy())
        assert mine.is_first is wanted.is_first


def test_words_are_on_the_device_and_of_the_dtype(here):
    for dtype, found in ((None, "int32"), ("float32", "float32"), ("int64", "int64")):
        with ndl.use_device(ndl.cpu_numpy()):
            (chunk,) = TextLoader(text(), 40, here, dtype)
        assert chunk.words.device == chunk.following.device == here
        assert chunk.words.dtype == chunk.following.dtype == found
        assert not chunk.words.requires_grad


@pytest.mark.parametrize("shape", [(0, 3), (1, 3), (6,)])
def test_text_without_a_second_row_is_an_error(shape):
    with pytest.raises(ValueError, match="two rows"):
        TextLoader(np.zeros(shape, np.int32), 3)


@pytest.mark.parametrize(("bptt", "kind"), [(0, ValueError), (-1, ValueError), (1.5, TypeError)])
def test_chunk_of_no_rows_is_an_error(bptt, kind):
    with pytest.raises(kind, match="bptt"):
        TextLoader(text(), bptt)


# The state


@pytest.mark.parametrize("trains", [True, False])
@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_chunks_have_the_scores_of_the_whole_text(here, kind, trains):
    model, columns = make(kind), text()
    carrying = CarryingModel(model, COLUMNS).train(mode=trains)
    (whole,) = TextLoader(columns, ROWS)
    wanted = model(whole.words)[0].numpy()
    for _ in range(2):  # the second pass begins anew
        found = [carrying(chunk).numpy() for chunk in TextLoader(columns, 3)]
        np.testing.assert_allclose(np.concatenate(found), wanted, rtol=1e-5, atol=1e-6)


def test_transformer_begins_each_chunk_anew(here):
    model, columns = make("transformer"), text()
    carrying = CarryingModel(model, COLUMNS)
    assert list(carrying.named_buffers()) == []
    for chunk in TextLoader(columns, 3):
        found, wanted = carrying(chunk), model(chunk.words)[0]
        np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-5, atol=1e-6)
    assert list(carrying.named_buffers()) == []


@pytest.mark.parametrize(
    ("kind", "names"), [("rnn", ["state.0"]), ("lstm", ["state.0", "state.1"])]
)
def test_state_is_in_the_buffers(here, kind, names):
    carrying = CarryingModel(make(kind), COLUMNS)
    assert [name for name, _ in carrying.named_buffers()] == names
    assert all(not buffer.numpy().any() for buffer in carrying.buffers())
    first, second, *_ = TextLoader(text(), 3)
    carrying(first)
    state = {name: buffer.numpy() for name, buffer in carrying.named_buffers()}
    assert list(state) == names
    assert all(values.shape == (2, COLUMNS, 5) and values.all() for values in state.values())
    other = CarryingModel(make(kind, seed=2), COLUMNS)
    other.load_state_dict(carrying.state_dict())
    np.testing.assert_array_equal(other(second).numpy(), carrying(second).numpy())


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_pass_in_evaluation_mode_leaves_the_state_alone(kind):
    carrying = CarryingModel(make(kind), COLUMNS)
    first, *_ = TextLoader(text(), 3)
    carrying.train()
    carrying(first)
    before = [buffer.numpy() for buffer in carrying.buffers()]
    carrying.eval()
    for chunk in TextLoader(text(5, 2, seed=3), 2):  # of another width
        carrying(chunk)
    for buffer, values in zip(carrying.buffers(), before, strict=True):
        np.testing.assert_array_equal(buffer.numpy(), values)


@pytest.mark.parametrize("kind", ["rnn", "lstm"])
def test_no_gradient_flows_back_into_the_chunk_before(kind):
    columns = text()
    model = make(kind)
    carrying = CarryingModel(model, COLUMNS)
    first, second, *_ = TextLoader(columns, 3)
    carrying(first)
    before = [ndl.Tensor(buffer.numpy(), requires_grad=False) for buffer in carrying.buffers()]
    carrying(second).sum().backward(create_graph=False)
    found = [parameter.grad.numpy() for parameter in model.parameters()]
    model.zero_grad()
    state = tuple(before) if kind == "lstm" else before[0]
    model(second.words, state)[0].sum().backward(create_graph=False)
    for grad, parameter in zip(found, model.parameters(), strict=True):
        np.testing.assert_allclose(grad, parameter.grad.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_outcome_is_the_mean_cross_entropy_of_the_words_that_follow(here, kind):
    carrying = CarryingModel(make(kind), COLUMNS)
    (chunk,) = TextLoader(text(), 40)
    outcome = predict_words(carrying, chunk)
    scores = carrying(chunk).numpy().astype(np.float64)
    log_probs = scores - np.log(np.exp(scores).sum(1, keepdims=True))
    wanted = -log_probs[np.arange(len(scores)), text()[1:].reshape(-1)].mean()
    assert outcome.loss.item() == pytest.approx(wanted, rel=1e-5)
    assert outcome.examples == (ROWS - 1) * COLUMNS
    assert outcome.sums == {}


@pytest.mark.parametrize("loss", [0.0, 1.5, 700.0])
def test_perplexity_is_the_exponential_of_the_loss(loss):
    assert perplexity({"loss": loss, "error": 1.0}) == {"perplexity": math.exp(loss)}


def test_perplexity_is_always_finite():
    assert perplexity({"loss": 1e9})["perplexity"] == pytest.approx(np.finfo(float).max, rel=1e-9)


def test_models_are_made_of_layers():
    assert isinstance(make("lstm").model, nn.LSTM)  # as the tests above take for granted
    assert data.get_batch(text(), 0, 2)[0].shape == (2, COLUMNS)
