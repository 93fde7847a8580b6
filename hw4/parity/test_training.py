"""Models as wholes: ten steps with Adam beside PyTorch, from the same weights."""

import numpy as np
import pytest
import torch

from needle_hw4 import Tensor, models, nn, optim

pytestmark = pytest.mark.usefixtures("here", "global_generator")
STEPS = 10


def words(rng):
    x = rng.integers(20, size=(7, 5))
    return x, rng.integers(20, size=35)


def images(rng):
    return rng.standard_normal((16, 3, 32, 32)).astype("float32"), rng.integers(10, size=16)


def language_model(kind, **options):
    return lambda: models.LanguageModel(6, 20, 8, 2, kind, **options)


MODELS = {
    "ResNet9": (models.ResNet9, images),
    "rnn": (language_model("rnn"), words),
    "lstm": (language_model("lstm"), words),
    "transformer": (language_model("transformer", num_head=2, dim_head=4), words),
}


def detached(state):
    if state is None or not isinstance(state, tuple):
        return state if state is None else state.detach()
    return tuple(part.detach() for part in state)


@pytest.mark.parametrize("name", MODELS)
def test_ten_steps_with_adam(near, rng, twin, parameters_of, name):
    # eps: a bias in front of batch norm has a gradient of 0 but for rounding, and Adam divides it
    # by its own size plus eps. With 1e-8, that would be a step of noise.
    settings = {"lr": 1e-3, "eps": 1e-3}
    make, draw = MODELS[name]
    np.random.seed(1)
    ours = make()
    theirs = twin(ours)
    mine = optim.Adam(ours.parameters(), **settings)
    yours = torch.optim.Adam(theirs.parameters(), **settings)
    state = its_state = None
    # Sums over 35 words, or over 64 pixels and 16 images; the noise of ten steps stays below it.
    length = 100 if name == "ResNet9" else 35
    for _ in range(STEPS):
        x, y = draw(rng)
        if name == "ResNet9":
            logits, expected = ours(Tensor(x)), theirs(torch.tensor(x))
        else:  # states are carried on, and where they come from is forgotten
            logits, state = ours(Tensor(x), detached(state))
            expected, its_state = theirs(torch.tensor(x), detached(its_state))
        near(logits, expected.detach(), length)
        loss = nn.SoftmaxLoss()(logits, Tensor(y))
        its_loss = torch.nn.functional.cross_entropy(expected, torch.tensor(y))
        near(loss, its_loss.detach(), length)
        mine.reset_grad()
        loss.backward(create_graph=False)
        mine.step()
        yours.zero_grad()
        its_loss.backward()
        yours.step()
        weights = parameters_of(theirs, ours, lambda p: p)
        for p, weight in zip(ours.parameters(), weights, strict=True):
            near(p, weight, length)
