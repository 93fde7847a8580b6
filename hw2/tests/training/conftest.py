"""A small problem with all that makes resuming hard, and what it must give back."""

import numpy as np
import pytest

from needle_hw2 import data, nn, optim
from needle_hw2.training import Outcome, Trainer

OPTIMIZERS = {
    "sgd": lambda params: optim.SGD(params, lr=0.1, momentum=0.9),
    "adam": lambda params: optim.Adam(params, lr=0.01, weight_decay=0.001),
    "adamw": lambda params: optim.AdamW(params, lr=0.01),
}


class Noisy:
    """A transform that draws from the loader's generator."""

    def __call__(self, x):
        drawn = data.randomness.uniform(None)
        return x + np.float32(drawn)


class Rows(data.Dataset):
    """23 rows of 6 numbers in 3 classes, each with noise."""

    def __init__(self, size, transforms=None):
        super().__init__(transforms)
        rng = np.random.default_rng(size)
        self.X = rng.standard_normal((size, 6)).astype(np.float32)
        self.y = rng.integers(3, size=size).astype(np.uint8)

    def __getitem__(self, index):
        return self.apply_transforms(self.X[index]), self.y[index]

    def __len__(self):
        return len(self.y)


def classify(model, batch):
    X, y = batch
    logits = model(X)
    wrong = int((logits.numpy().argmax(axis=1) != y.numpy()).sum())
    return Outcome(nn.SoftmaxLoss()(logits, y), len(y), {"error": wrong})


@pytest.fixture
def make_trainer():
    """Make a trainer of 5 batches an epoch; its weights and dropout come from the global seed."""

    def make(optimizer="adam", workers=0, cosine=20, batch=5, seed=3, hidden=8, **options):
        np.random.seed(0)
        model = nn.Sequential(
            nn.Linear(6, hidden), nn.BatchNorm1d(hidden), nn.ReLU(), nn.Dropout(0.3),
            nn.Linear(hidden, 3),
        )  # fmt: skip
        chosen = OPTIMIZERS[optimizer](model.parameters())
        options = {
            "task": classify,
            "schedule": cosine and optim.CosineLR(chosen, cosine),
            **options,
        }
        return Trainer(
            model,
            optimizer=chosen,
            training=data.DataLoader(Rows(23, [Noisy()]), batch, shuffle=True, num_workers=workers),
            test=data.DataLoader(Rows(7), batch),
            seed=seed,
            **options,
        )

    return make


@pytest.fixture
def state():
    """Return all that must be the same in two trainings, times apart, as bits."""

    def timeless(row):
        return {name: value for name, value in row.items() if name != "seconds"}

    def all_of(trainer):
        progress = trainer.progress.to_json()
        progress["history"] = [timeless(row) for row in progress["history"]]
        progress["tally"] = timeless(progress["tally"])
        tensors = {
            **trainer.model.state_dict(),
            **{
                f"{index}.{name}": value
                for index, slots in trainer.optimizer.state_dict()["state"].items()
                for name, value in slots.items()
            },
        }
        return {
            "progress": repr(progress),
            "random": repr(np.random.get_state()[2:]) + np.random.get_state()[1].tobytes().hex(),
            "lr": trainer.optimizer.lr.hex(),
            "schedule": repr(trainer.schedule and trainer.schedule.state_dict()),
            **{
                name: value if isinstance(value, int) else value.numpy().tobytes()
                for name, value in tensors.items()
            },
        }

    return all_of
