"""`generate`: a language model makes up a text."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.console import Console

from needle_hw1 import Device
from needle_hw4.apps import vocabulary
from needle_hw4.apps.sampling import sample
from needle_hw4.apps.saved import load_language_model
from needle_hw4.data.ptb import END_OF_SENTENCE


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("--checkpoint", type=Path, required=True, metavar="DIR",
                        help="where train lm keeps its checkpoints")  # fmt: skip
    parser.add_argument("--prompt", default=END_OF_SENTENCE, metavar="TEXT",
                        help="words to go on with")  # fmt: skip
    parser.add_argument("--words", type=int, default=100, metavar="N")
    parser.add_argument("--temperature", type=float, default=1.0, metavar="T",
                        help="0 for the most probable words, 1 for what was learnt, "
                        "more for surprises")  # fmt: skip
    parser.add_argument("--seed", type=int, default=0, metavar="N")


def run(arguments: argparse.Namespace, words: Sequence[str], device: Device) -> int:  # noqa: ARG001
    """Show a text as `arguments` say; return the exit code."""
    for name, least in (("words", 1), ("seed", 0)):
        if getattr(arguments, name) < least:
            raise ValueError(f"{name} is {getattr(arguments, name)}; it must be at least {least}")
    model, known = load_language_model(arguments.checkpoint, device)
    prompt = vocabulary.numbers(arguments.prompt, known)
    drawn = sample(
        model,
        prompt,
        arguments.words,
        np.random.default_rng(arguments.seed),
        temperature=arguments.temperature,
        # It stands for words that are not known: no text has it.
        without=[number for number, word in enumerate(known) if word == vocabulary.UNKNOWN],
    )
    Console().print(as_text([known[number] for number in [*prompt, *drawn]]),
                    markup=False, highlight=False, soft_wrap=True)  # fmt: skip
    return 0


def as_text(words: Sequence[str]) -> str:
    """Return words as text, with each sentence in a line."""
    lines = " ".join(words).split(END_OF_SENTENCE)
    return "\n".join(line.strip() for line in lines).strip("\n")
