"""ResNet9 and the language models: shapes, sizes, modes, what they learn, errors."""

import numpy as np
import pytest

import needle_hw4 as ndl
from needle_hw4 import Tensor, models, nn, optim
from needle_shared.testing import assert_close

pytestmark = pytest.mark.usefixtures("global_generator")
KINDS = {"rnn": {}, "lstm": {}, "transformer": {"num_head": 2, "dim_head": 4}}
each = pytest.mark.parametrize("kind", KINDS)


def test_resnet9_has_431_946_parameters(here):
    model = models.ResNet9()
    assert sum(p.size for p in model.parameters()) == 431_946
    for count in (1, 2, 0):
        model.eval()
        y = model(Tensor(np.ones((count, 3, 32, 32), "float32")))
        assert y.shape == (count, 10)
        assert y.dtype == "float32"


def test_resnet9_has_a_gradient_for_every_parameter(here, rng):
    model = models.ResNet9()
    x = Tensor(rng.standard_normal((2, 3, 32, 32)).astype("float32"))
    loss = nn.SoftmaxLoss()(model(x), Tensor([3, 7]))
    loss.backward(create_graph=False)
    assert all(np.abs(p.grad.numpy()).sum() > 0 for name, p in model.named_parameters()
               if not name.endswith("0.bias"))  # batch norm takes a shift away  # fmt: skip
    assert all(p.grad.shape == p.shape for p in model.parameters())


def test_resnet9_is_made_of_its_blocks(here, rng):
    model = models.ResNet9().eval()
    x = Tensor(rng.standard_normal((1, 3, 32, 32)).astype("float32"))
    widths = []
    expected = x
    for layer in model.model:
        if isinstance(layer, nn.Residual):
            expected = expected + layer.fn(expected)
        else:
            expected = layer(expected)
        widths.append(expected.shape[1:])
    assert_close(model(x), expected)
    assert widths == [(16, 8, 8), (32, 4, 4), (32, 4, 4), (64, 2, 2), (128, 1, 1), (128, 1, 1),
                      (128,), (128,), (128,), (10,)]  # fmt: skip


def test_conv_bn_is_convolution_norm_and_relu(here, rng):
    block = models.ConvBN(3, 4, 3, 2)
    assert [type(m) for m in block] == [nn.Conv, nn.BatchNorm2d, nn.ReLU]
    assert (block[0].stride, block[0].kernel_size) == (2, 3)
    y = block(Tensor(rng.standard_normal((2, 3, 6, 6)).astype("float32")))
    assert y.shape == (2, 4, 3, 3)
    assert y.numpy().min() == 0


def make(kind, layers=1, **options):
    return models.LanguageModel(6, 11, 5, layers, kind, seq_len=7, **KINDS[kind], **options)


@pytest.mark.parametrize("layers", [1, 2])
@each
def test_language_model_gives_scores_of_words_and_its_state(here, kind, layers):
    model = make(kind, layers)
    x = Tensor(np.arange(12, dtype="float32").reshape(4, 3) % 11, requires_grad=False)
    scores, h = model(x)
    assert scores.shape == (12, 11)
    assert scores.dtype == "float32"
    shapes = {"rnn": (layers, 3, 5), "lstm": ((layers, 3, 5),) * 2, "transformer": (4, 3, 6)}
    found = tuple(s.shape for s in h) if isinstance(h, tuple) else h.shape
    assert found == shapes[kind]
    states, _ = model.model(model.embedding(x))
    expected = states.numpy().reshape(12, -1) @ model.linear.weight.numpy()
    assert_close(scores, expected + model.linear.bias.numpy(), rtol=1e-4, atol=1e-5)


@each
def test_language_model_goes_on_from_a_state(here, kind):
    model = make(kind, 2)
    x = np.arange(10).reshape(5, 2)
    whole, _ = model(Tensor(x))
    first, h = model(Tensor(x[:3]))
    second, _ = model(Tensor(x[3:]), h)
    assert_close(first, whole.numpy()[:6], rtol=1e-5, atol=1e-6)
    equal = np.allclose(second.numpy(), whole.numpy()[6:], rtol=1e-5, atol=1e-6)
    assert equal == (kind != "transformer")  # which has no memory beyond its sequence


@each
def test_scores_do_not_depend_on_later_words(here, kind):
    model = make(kind, 2)
    x = np.arange(10).reshape(5, 2)
    changed = x.copy()
    changed[3:] = 0
    before, after = (model(Tensor(words))[0].numpy() for words in (x, changed))
    np.testing.assert_array_equal(before[:6], after[:6])
    assert (before[6:] != after[6:]).any()


@each
def test_language_model_learns_what_follows(here, kind):
    np.random.seed(0)
    model = make(kind, 1)
    optimizer = optim.Adam(model.parameters(), lr=0.03)
    x, y = np.arange(14).reshape(7, 2) % 11, (3 * np.arange(14) + 1) % 11
    for step in range(40):
        loss = nn.SoftmaxLoss()(model(Tensor(x))[0], Tensor(y % 11))
        if step == 0:
            first = loss.item()
        optimizer.reset_grad()
        loss.backward(create_graph=False)
        optimizer.step()
    assert loss.item() < first / 4


@each
def test_every_parameter_of_a_language_model_has_a_gradient(here, kind):
    model = make(kind, 2)
    model(Tensor(np.arange(8).reshape(4, 2)))[0].sum().backward(create_graph=False)
    for name, p in model.named_parameters():
        assert np.abs(p.grad.numpy()).sum() > 0, name


def test_dropout_of_a_transformer_is_an_option(here):
    model = make("transformer", dropout=0.5)
    x = Tensor(np.arange(4).reshape(4, 1))
    assert (model(x)[0].numpy() != model(x)[0].numpy()).any()
    model.eval()
    np.testing.assert_array_equal(model(x)[0].numpy(), model(x)[0].numpy())


def test_wrong_arguments_are_named(here):
    with pytest.raises(ValueError, match="one of rnn, lstm, transformer, got 'gru'"):
        models.LanguageModel(2, 3, 4, seq_model="gru")
    with pytest.raises(TypeError, match="dropout: options of a transformer, not of lstm"):
        models.LanguageModel(2, 3, 4, seq_model="lstm", dropout=0.1)
    model = make("transformer")
    with pytest.raises(ValueError, match="sequence_len = 7 steps, got 8"):
        model(Tensor(np.zeros((8, 1))))
    with pytest.raises(IndexError, match="index 11"):
        model(Tensor([[11]]))
    for shape in [(3,), (1, 2, 3), ()]:
        with pytest.raises(ValueError, match=r"\(T, B\)") as caught:
            make("rnn")(Tensor(np.zeros(shape)))
        assert str(shape) in str(caught.value)


def test_lazy_training_step_is_the_same(here):
    model = make("lstm", 2)
    x = Tensor(np.arange(8).reshape(4, 2))

    def run(create_graph):
        scores, (h, c) = model(x)
        (scores.sum() + h.sum() * 2 + c.sum()).backward(create_graph=create_graph)
        return [p.grad.numpy() for p in model.parameters()]

    for create_graph in (True, False):
        expected = run(create_graph)
        with ndl.lazy():
            for a, b in zip(run(create_graph), expected, strict=True):
                np.testing.assert_array_equal(a, b)
