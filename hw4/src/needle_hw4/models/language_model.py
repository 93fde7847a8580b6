"""Language models: what word comes next."""

from __future__ import annotations

from typing import Any

from needle_hw1 import Device, Tensor
from needle_hw1.array_api import DType
from needle_hw4 import nn

SEQUENCE_MODELS = ("rnn", "lstm", "transformer")


class LanguageModel(nn.Module):
    """An embedding, a model of sequences, and a linear layer: scores of each next word.

    They are the attributes `embedding`, `model` and `linear`, made in this order. Only `model` has
    a state, and takes and returns it.

    Parameters
    ----------
    embedding_size, hidden_size, num_layers
        Features of a word, and those inside of the model of sequences. A transformer works on the
        features of words; its MLPs have `hidden_size` units.
    output_size
        The number of words.
    seq_model
        "rnn", "lstm" or "transformer".
    seq_len
        The longest sequence, for a transformer.
    options
        Of the transformer: `num_head`, `dim_head` and `dropout`.
    """

    def __init__(
        self,
        embedding_size: int,
        output_size: int,
        hidden_size: int,
        num_layers: int = 1,
        seq_model: str = "rnn",
        seq_len: int = 40,
        device: Device | None = None,
        dtype: DType = "float32",
        **options: Any,
    ) -> None:
        super().__init__()
        if seq_model not in SEQUENCE_MODELS:
            raise ValueError(f"seq_model is one of {', '.join(SEQUENCE_MODELS)}, got {seq_model!r}")
        if options and seq_model != "transformer":
            raise TypeError(f"{', '.join(options)}: options of a transformer, not of {seq_model}")
        self.seq_model = seq_model
        self.embedding = nn.Embedding(output_size, embedding_size, device=device, dtype=dtype)
        home: dict[str, Any] = {"device": device, "dtype": dtype}
        features = hidden_size
        self.model: nn.Module
        if seq_model == "rnn":
            self.model = nn.RNN(embedding_size, hidden_size, num_layers, **home)
        elif seq_model == "lstm":
            self.model = nn.LSTM(embedding_size, hidden_size, num_layers, **home)
        else:
            features = embedding_size
            self.model = nn.Transformer(
                embedding_size, hidden_size, num_layers, sequence_len=seq_len, **home, **options
            )
        self.linear = nn.Linear(features, output_size, **home)

    def forward(self, x: Tensor, h: Any = None) -> tuple[Tensor, Any]:
        """Return the scores of the next words, (T B, output_size), and the last state.

        x has the numbers of words, (T, B); h is a state as it is returned, or None at the start.
        """
        if x.ndim != 2:
            raise ValueError(f"LanguageModel takes words of shape (T, B), got {x.shape}")
        states, h = self.model(self.embedding(x), h)
        steps, batch, features = states.shape
        return self.linear(states.reshape((steps * batch, features))), h
