"""Checkpoints: a model and its optimiser in one file, written whole or not at all.

A checkpoint is a safetensors file, so reading it never executes code. Training that goes on from
one gives the same bits as training that was never interrupted::

    save(model, optimizer, "last.safetensors", progress={"epoch": 3})
    progress = load(model, optimizer, "last.safetensors")
"""

from needle_hw2.checkpoint.archive import CheckpointError as CheckpointError
from needle_hw2.checkpoint.state import load as load
from needle_hw2.checkpoint.state import read_progress as read_progress
from needle_hw2.checkpoint.state import save as save
