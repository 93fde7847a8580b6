"""`train lm`: a language model learns which word comes next."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

import numpy as np

from needle_hw0.cli import locate
from needle_hw1 import Device
from needle_hw2.training import Trainer, options, train
from needle_hw2.training.command import Command
from needle_hw4 import data
from needle_hw4.apps import vocabulary
from needle_hw4.apps.saved import make_language_model
from needle_hw4.apps.text import CarryingModel, TextLoader, perplexity, predict_words
from needle_hw4.models.language_model import SEQUENCE_MODELS

KEPT = (
    *options.KEPT, "trained", "model", "embedding", "hidden", "layers", "heads", "dropout", "bptt",
)  # fmt: skip
RATES = {"adam": 0.003, "adamw": 0.003, "sgd": 4.0}


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    group = parser.add_argument_group("data")
    options.add_data(group, ["doc-text", "ptb"], batch_size=20)
    group.add_argument("--bptt", type=int, default=40, metavar="N",
                       help="words through which gradients flow back")  # fmt: skip
    group.add_argument("--max-lines", type=int, metavar="N", default=None,
                       help="how much of each file to read")  # fmt: skip
    _add_model(parser.add_argument_group("model"))
    group = parser.add_argument_group("optimiser")
    options.add_optimizer(group, RATES, epochs=3, clip_norm=1.0)
    options.add_results(parser.add_argument_group("results"))


def _add_model(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--model", choices=SEQUENCE_MODELS, default="lstm")
    group.add_argument("--embedding", type=int, default=128, metavar="N", help="features of a word")
    group.add_argument("--hidden", type=int, default=128, metavar="N",
                       help="units of a layer, of a transformer's those of its MLP")  # fmt: skip
    group.add_argument("--layers", type=int, default=1, metavar="N")
    group.add_argument("--heads", type=int, default=4, metavar="N", help="of a transformer")
    group.add_argument("--dropout", type=float, default=0.1, metavar="P", help="of a transformer")


def run(arguments: argparse.Namespace, words: Sequence[str], device: Device) -> int:
    """Train as `arguments`, made of `words`, say; return the exit code."""
    options.check(arguments, bptt=1, embedding=1, hidden=1, layers=1, heads=1)
    folder = locate(arguments.data, arguments.data_dir, package="needle-hw4")
    corpus = data.Corpus(folder, arguments.max_lines)
    known = corpus.dictionary.idx2word
    trainer = _make_trainer(arguments, corpus, device)
    command = Command.begin(
        "needle_hw4", words, arguments, trainer, criterion="test_loss", unit="words"
    )
    if command.folder:
        vocabulary.write(known, command.folder.path)
    command.introduce(
        f"language model, {arguments.model}: embedding {arguments.embedding}, "
        f"hidden {arguments.hidden}, layers {arguments.layers}, on {device}",
        f"{len(corpus.train):,} training and {len(corpus.test):,} test words, {len(known):,} "
        f"different ones; {arguments.batch_size} columns, {arguments.bptt} rows at a time",
    )
    return command.run(train)


def _make_trainer(arguments: argparse.Namespace, corpus: data.Corpus, device: Device) -> Trainer:
    size = arguments.batch_size
    training, test = (
        TextLoader(data.batchify(text, size), arguments.bptt, device)
        for text in (corpus.train, corpus.test)
    )
    known = corpus.dictionary.idx2word
    settings: dict[str, Any] = {
        **{name: getattr(arguments, name) for name in KEPT},
        "words": len(known),
        "vocabulary": vocabulary.fingerprint(known),
    }
    np.random.seed(arguments.seed)  # noqa: NPY002 -- the weights and dropout draw from it
    model = CarryingModel(make_language_model(settings, device), size)
    return options.make_trainer(
        arguments, model, predict_words, training, test, derive=perplexity, settings=settings
    )
