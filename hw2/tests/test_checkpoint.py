"""Checkpoints, on a model with every dtype and an optimiser that stands for any."""

import errno
import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import example, given
from hypothesis import strategies as st

from needle_hw1 import Tensor
from needle_hw2 import nn
from needle_hw2.checkpoint import CheckpointError, load, read_progress, save


class Momentum:
    """The least that is an optimiser: two parameters, of which one has had no gradient yet."""

    def __init__(self, seed=0, lr=0.1):
        rng = np.random.default_rng(seed)
        self.velocity = Tensor(rng.standard_normal((2, 3)), dtype="float32", requires_grad=False)
        self.count = seed
        self.groups = [{"lr": lr, "nesterov": False, "limit": None, "params": [0, 1]}]

    def state_dict(self):
        slots = {"velocity": self.velocity, "step": self.count}
        groups = self.groups
        return {"optimizer": type(self).__name__, "state": {1: slots}, "param_groups": groups}

    def load_state_dict(self, state):
        if state.keys() != self.state_dict().keys():
            raise ValueError(f"the state has {', '.join(state)}")
        if state["optimizer"] != type(self).__name__:
            raise ValueError(f"the state is one of {state['optimizer']}")
        if not all(isinstance(group, dict) for group in state["param_groups"]):
            raise TypeError("param_groups are dicts")
        if [group.keys() for group in state["param_groups"]] != [
            group.keys() for group in self.groups
        ]:
            raise ValueError("param_groups differ")
        slots = state["state"].get(1, {})
        if set(slots) != {"velocity", "step"} or slots["velocity"].shape != (2, 3):
            raise ValueError("state differs")
        self.velocity, self.count = slots["velocity"], slots["step"]
        self.groups = state["param_groups"]


class OtherOptimizer(Momentum):
    pass


class Everything(nn.Module):
    """Parameters and buffers of many dtypes and shapes."""

    def __init__(self, seed=0, hidden=3):
        super().__init__()
        rng = np.random.default_rng(seed)
        self.weight = nn.Parameter(rng.standard_normal((2, hidden)), dtype="float32")
        self.transposed = nn.Parameter.make_const(rng.standard_normal((3, 2)).T)
        self.scale = nn.Parameter(np.float64(rng.standard_normal()))
        self.empty = Tensor(np.zeros((0, 4), np.float32), requires_grad=False)
        self.mask = Tensor(rng.random(5) < 0.5, requires_grad=False)
        self.counts = Tensor(rng.integers(-9, 9, (2, 2)), requires_grad=False)
        self.bytes = Tensor(rng.integers(0, 255, 3).astype(np.uint8), requires_grad=False)
        self.half = Tensor(np.array([np.inf, np.nan, -0.0, 6e-8], np.float16), requires_grad=False)


PROGRESS = {"epoch": 3, "history": [{"loss": 0.1 + 0.2}], "none": None, "text": "\ud800é"}


def bits(model, optimizer=None):
    """Return all values of a state as dtype, shape and bytes."""
    tensors = dict(model.state_dict())
    rest = None
    if optimizer is not None:
        tensors["velocity"] = optimizer.velocity
        rest = (optimizer.count, repr(optimizer.groups))
    values = {name: tensor.numpy() for name, tensor in tensors.items()}
    return {n: (str(v.dtype), v.shape, v.tobytes()) for n, v in values.items()}, rest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "last.safetensors"


@pytest.fixture(scope="session")
def content(tmp_path_factory):
    """Return the bytes of a valid checkpoint."""
    path = tmp_path_factory.mktemp("valid") / "c.safetensors"
    save(Everything(1), Momentum(1), path, progress=PROGRESS)
    return path.read_bytes()


def pack(header, body=b""):
    """Return a safetensors file with this header, true or not."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def parts(content):
    """Return the header of a file as JSON, and the bytes after it."""
    (length,) = struct.unpack_from("<Q", content)
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def refused(path, content, *words, model=None, optimizer=None):
    """Check that `content` is refused with these words, and that nothing is changed."""
    path.write_bytes(content)
    model, optimizer = model or Everything(), optimizer or Momentum()
    before = bits(model, optimizer)
    with pytest.raises(CheckpointError) as error:
        load(model, optimizer, path)
    assert str(error.value).startswith(f"{path}: ")
    for word in words:
        assert word in str(error.value)
    assert bits(model, optimizer) == before


def test_state_comes_back_bit_equal(path):
    saved = Everything(1), Momentum(1, lr=0.1 + 0.2)
    save(*saved, path, progress=PROGRESS)
    loaded = Everything(2), Momentum(2)
    assert bits(*saved) != bits(*loaded)
    assert load(*loaded, path) == PROGRESS
    assert bits(*loaded) == bits(*saved)
    assert read_progress(path) == PROGRESS


def test_file_can_be_read_by_others(path):
    model, optimizer = Everything(1), Momentum(1)
    save(model, optimizer, path)
    arrays = safetensors.numpy.load_file(path)
    names = {f"model.{name}" for name in model.state_dict()} | {"optimizer.1.velocity"}
    assert set(arrays) == names
    np.testing.assert_array_equal(arrays["model.transposed"], model.transposed.numpy())
    np.testing.assert_array_equal(arrays["optimizer.1.velocity"], optimizer.velocity.numpy())


def test_model_alone_is_saved_and_loaded_without_optimizer(path):
    save(Everything(1), None, path)
    model = Everything(2)
    assert load(model, None, path) is None
    assert bits(model) == bits(Everything(1))
    refused(path, path.read_bytes(), "holds no optimiser")


def test_optimizer_in_the_file_is_left_there_if_none_is_given(path):
    save(Everything(1), Momentum(1), path, progress=[1])
    model = Everything(2)
    assert load(model, None, path) == [1]
    assert bits(model) == bits(Everything(1))


def test_checkpoint_moves_between_devices(path, device):
    weight = np.arange(6, dtype=np.float32).reshape(2, 3)
    model, other = nn.Linear(2, 3, device=device), nn.Linear(2, 3, device=device)
    model.weight.cached_data = device.array(weight, "float32")
    save(model, None, path)
    load(other, None, path)
    assert other.weight.device == device
    np.testing.assert_array_equal(other.weight.numpy(), weight)


def test_saving_leaves_one_file_with_usual_permissions(path):
    for _ in range(2):
        save(Everything(), None, path)
    beside = path.with_name("beside")
    beside.touch()
    assert path.stat().st_mode == beside.stat().st_mode
    assert sorted(path.parent.iterdir()) == [beside, path]


@pytest.mark.parametrize("failing", [(os, "fsync"), (Path, "replace")])
@pytest.mark.parametrize("error", [OSError(errno.EIO, "broken"), KeyboardInterrupt()])
def test_error_while_saving_leaves_the_old_file(path, monkeypatch, failing, error):
    save(Everything(1), Momentum(1), path)
    old = path.read_bytes()

    def fail(*_):
        raise error

    monkeypatch.setattr(*failing, fail)
    with pytest.raises(type(error)):
        save(Everything(2), Momentum(2), path)
    monkeypatch.undo()
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


def test_disk_that_fills_while_saving_leaves_the_old_file(path):
    resource = pytest.importorskip("resource", reason="a limit on the size of files is POSIX's")
    save(Everything(1), Momentum(1), path)
    old = path.read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError, match="File too large"):
            save(Everything(2), Momentum(2), path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert path.read_bytes() == old
    assert list(path.parent.iterdir()) == [path]


def test_directory_that_cannot_be_synced_is_no_error(path, monkeypatch):
    real = os.open

    def refuse(name, flags, *more, **options):
        if name == path.parent:
            raise PermissionError(name)
        return real(name, flags, *more, **options)

    monkeypatch.setattr(os, "open", refuse)
    save(Everything(1), None, path)
    assert load(Everything(), None, path) is None


def test_missing_file_and_missing_folder_are_os_errors(path):
    with pytest.raises(FileNotFoundError):
        load(Everything(), None, path)
    with pytest.raises(FileNotFoundError):
        save(Everything(), None, path / "deeper" / "file")
    with pytest.raises(IsADirectoryError):
        load(Everything(), None, path.parent)


@pytest.mark.parametrize(
    "progress",
    [
        float("nan"),
        float("inf"),
        {"a": [float("-inf")]},
        {1: 2},
        (1, 2),
        {1, 2},
        np.float32(1),
        b"",
    ],
    ids=repr,
)
def test_progress_that_json_changes_is_refused(path, progress):
    with pytest.raises(CheckpointError, match="progress"):
        save(Everything(), None, path, progress=progress)
    assert not path.exists()


def test_endless_progress_is_refused(path):
    ring = []
    ring.append(ring)
    with pytest.raises(CheckpointError, match="progress"):
        save(Everything(), None, path, progress=ring)
    deep = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(CheckpointError, match="progress"):
        save(Everything(), None, path, progress=deep)


def test_tensor_of_a_dtype_that_the_format_lacks_is_named(path):
    model = Everything()
    model.wide = Tensor.make_const(np.zeros(2, np.longdouble))
    with pytest.raises(CheckpointError, match=r"model\.wide has dtype"):
        save(model, None, path)
    assert not path.exists()


def test_infinite_setting_of_the_optimizer_is_refused(path):
    with pytest.raises(CheckpointError, match="optimizer cannot be saved"):
        save(Everything(), Momentum(lr=float("inf")), path)


FLOAT = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}
META = {"format": "needle checkpoint", "version": "1", "progress": "null"}


def with_tensor(body, dtype, shape):
    return pack({"__metadata__": META, "a": {**FLOAT, "dtype": dtype, "shape": shape}}, body)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "whole safetensors"),
        (b"PK\x03\x04 a zip file of pickles", "whole safetensors"),
        (struct.pack("<Q", 2**60) + b"{}", "whole safetensors"),
        (struct.pack("<Q", 99_000_000) + b"{}", "whole safetensors"),
        (pack({"a": FLOAT, "b": FLOAT}, bytes(8)), "whole safetensors"),
        (pack({"a": FLOAT}, bytes(5)), "whole safetensors"),
        (pack({"a": FLOAT}, bytes(3)), "whole safetensors"),
        (pack({"a": {**FLOAT, "shape": [2**62, 8]}}, bytes(4)), "whole safetensors"),
        (pack({"a": {**FLOAT, "shape": [2]}}, bytes(4)), "whole safetensors"),
        (pack(b'{"a": 1' + b"[" * 10_000), "whole safetensors"),
        (pack({}), "its format is None"),
        (pack({"__metadata__": {"format": "pt"}, "a": FLOAT}, bytes(4)), "its format is 'pt'"),
        (pack({"__metadata__": {**META, "version": "2"}}), "version is '2'"),
        (pack({"__metadata__": {"format": "needle checkpoint", "version": "1"}}), "'progress'"),
        (pack({"__metadata__": {**META, "progress": "{"}}), "progress is no valid JSON"),
        (pack({"__metadata__": {**META, "progress": "NaN"}}), "NaN is no finite number"),
        (pack({"__metadata__": {**META, "progress": "[-1e999]"}}), "-1e999 is no finite number"),
        (pack({"__metadata__": {**META, "progress": '{"a":1,"a":2}'}}), "'a' stands there twice"),
        (pack({"__metadata__": {**META, "progress": "[" * 99_999}}), "progress is no valid JSON"),
        (pack({"__metadata__": {**META, "progress": "9" * 5000}}), "progress is no valid JSON"),
        (with_tensor(bytes(4), "BF16", shape=[2]), "a has dtype BF16"),
        (with_tensor(bytes(3) + b"\2", "BOOL", shape=[4]), "a has a bool that is 2"),
        (
            pack(
                b'{"a": %b, "a": %b, "__metadata__": %b}'
                % (*[json.dumps(FLOAT).encode()] * 2, json.dumps(META).encode()),
                bytes(4),
            ),
            "'a' stands there twice",
        ),
    ],
)  # fmt: skip
def test_file_that_is_no_checkpoint_is_refused(path, content, words):
    refused(path, content, words)


def test_checkpoint_of_another_model_is_refused(path, content):
    larger = Everything()
    larger.more = nn.Linear(2, 2)
    refused(path, content, "missing more.weight, more.bias", model=larger)
    smaller = Everything()
    del smaller.mask
    refused(path, content, "unexpected mask", model=smaller)
    refused(path, content, "weight has shape (2, 3), not (2, 4)", model=Everything(hidden=4))


def test_checkpoint_of_another_optimizer_changes_not_even_the_model(path, content):
    refused(path, content, "the state is one of Momentum",
            optimizer=OtherOptimizer())  # fmt: skip
    other = Momentum()
    other.groups[0]["gamma"] = 1
    refused(path, content, "param_groups differ", optimizer=other)


def test_interrupt_while_loading_changes_not_even_the_model(path, content):
    class Interrupted(Momentum):
        def load_state_dict(self, state):
            raise KeyboardInterrupt

    path.write_bytes(content)
    model, optimizer = Everything(), Interrupted()
    before = bits(model, optimizer)
    with pytest.raises(KeyboardInterrupt):
        load(model, optimizer, path)
    assert bits(model, optimizer) == before


@pytest.mark.parametrize(
    "optimizer",
    [
        3,
        "null",
        [],
        {},
        {"optimizer": "Momentum", "state": []},
        {"optimizer": "Momentum", "state": {"one": {}}},
        {"optimizer": "Momentum", "state": {"1": 3}},
        {"optimizer": "Momentum", "state": {}},  # which the tensor is of
    ],
    ids=repr,
)
def test_malformed_optimizer_is_refused(path, content, optimizer):
    header, body = parts(content)
    header["__metadata__"]["optimizer"] = json.dumps(optimizer)
    refused(path, pack(header, body), "field optimizer is malformed")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("optimizer.x.velocity", "field optimizer is malformed"),
        ("optimizer.1.velo.ity", "field optimizer is malformed"),
        ("optimizer.2.velocity", "field optimizer is malformed"),
        ("something.1.velocity", "unexpected something.1.velocity"),
    ],
)
def test_tensor_of_another_name_is_refused(path, content, name, words):
    refused(path, content.replace(b"optimizer.1.velocity", name.encode()), words)


@given(cut=st.integers(0, 10_000), position=st.integers(0, 10_000), flip=st.integers(0, 255))
@example(cut=10_000, position=0, flip=1)
@example(cut=10_000, position=8, flip=2)
def test_damaged_file_loads_or_is_refused_and_then_nothing_changes(
    tmp_path, content, cut, position, flip
):
    damaged = bytearray(content[: cut % (len(content) + 1)] if cut % 3 == 0 else content)
    if damaged:
        damaged[position % len(damaged)] ^= flip
    path = tmp_path / "damaged.safetensors"
    path.write_bytes(damaged)
    model, optimizer = Everything(), Momentum()
    before = bits(model, optimizer)
    try:
        load(model, optimizer, path)
    except CheckpointError:
        assert bits(model, optimizer) == before
    else:
        assert len(damaged) == len(content)
