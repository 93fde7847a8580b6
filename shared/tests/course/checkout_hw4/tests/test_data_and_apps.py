# ruff: noqa: B905, E402, F403, F405, PLR0402 -- written as course code is
import gzip
import pickle
import struct
import sys
from pathlib import Path

sys.path.append("./python")
sys.path.append("./apps")
import mugrade
import needle as ndl
import needle.nn as nn
import numpy as np
import pytest
from models import LanguageModel, ResNet9
from needle import backend_ndarray as nd

DRAWS_AFTER_THE_IMPORT = np.random.rand(3)
from simple_ml import *

DEVICES = [
    ndl.cpu(),
    pytest.param(ndl.cuda(), marks=pytest.mark.skipif(not ndl.cuda().enabled(), reason="no GPU")),
]
on_devices = pytest.mark.parametrize("device", DEVICES, ids=["cpu", "cuda"])
CIFAR = "./data/cifar-10-batches-py"
PTB = "./data/ptb"
SENTENCES = ["the cat sat on the mat", "", "a dog sat on a cat", "the dog ran"]


@pytest.fixture(autouse=True, scope="module")
def data_dir():
    """Write small data sets into ./data, where course code looks for them."""
    Path(CIFAR).mkdir(parents=True, exist_ok=True)
    Path(PTB).mkdir(parents=True, exist_ok=True)
    rng = np.random.RandomState(0)
    for name in [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]:
        labels = rng.randint(10, size=6).tolist()
        pixels = rng.randint(256, size=(6, 3072)).astype(np.uint8)
        with Path(CIFAR, name).open("wb") as file:
            pickle.dump({b"batch_label": b"", b"labels": labels, b"data": pixels}, file, protocol=3)
    Path(PTB, "train.txt").write_text("\n".join(SENTENCES * 5) + "\n")
    Path(PTB, "test.txt").write_text("the mat sat\na new word\n")


def raw_cifar(name):
    with Path(CIFAR, name).open("rb") as file:
        fields = pickle.load(file)
    return fields[b"data"].reshape(-1, 3, 32, 32) / 255, np.array(fields[b"labels"])


def test_importing_the_models_seeds_the_generator():
    np.random.seed(0)
    np.testing.assert_array_equal(DRAWS_AFTER_THE_IMPORT, np.random.rand(3))
    np.random.seed(7)
    import apps.models
    import apps.simple_ml
    import simple_ml

    assert apps.models.ResNet9 is ResNet9
    assert apps.simple_ml.train_ptb is simple_ml.train_ptb is train_ptb
    assert simple_ml.LanguageModel is LanguageModel
    assert simple_ml.device == device == ndl.cpu()
    assert str(device) == "cpu()"


# Data


@pytest.mark.parametrize("train", [True, False])
def test_cifar10_dataset(train):
    dataset = ndl.data.CIFAR10Dataset(CIFAR, train=train)
    names = [f"data_batch_{i}" for i in range(1, 6)] if train else ["test_batch"]
    X, y = (np.concatenate(parts) for parts in zip(*map(raw_cifar, names)))
    assert len(dataset) == len(X)
    example = dataset[3]
    assert isinstance(example, tuple)
    image, label = example
    assert isinstance(image, np.ndarray)
    assert image.shape == (3, 32, 32)
    np.testing.assert_allclose(image, X[3], rtol=1e-6)
    assert label == y[3]
    np.testing.assert_allclose(dataset.X, X, rtol=1e-6)
    np.testing.assert_array_equal(dataset.y, y)
    assert len(ndl.data.CIFAR10Dataset(CIFAR, train, 0.5, None)) == len(X)


@pytest.mark.parametrize("batch_size", [1, 4])
def test_cifar10_loader(batch_size):
    dataset = ndl.data.CIFAR10Dataset(CIFAR, train=False)
    loader = ndl.data.DataLoader(dataset, batch_size)
    X, y = next(iter(loader))
    for tensor in (X, y):
        assert isinstance(tensor, ndl.Tensor)
        assert isinstance(tensor.cached_data, nd.NDArray)
        assert tensor.dtype == "float32"
        assert not tensor.requires_grad
    assert X.shape == (batch_size, 3, 32, 32)
    assert y.shape == (batch_size,)
    np.testing.assert_array_equal(X.numpy()[0], dataset[0][0])
    labels = np.concatenate([y.numpy() for _, y in loader])
    np.testing.assert_array_equal(labels, dataset.y)


def test_loaders_of_arrays_give_float32_and_shuffle_as_numpy_does():
    np.random.seed(1)
    dataset = ndl.data.NDArrayDataset(np.random.randn(10, 3), np.arange(10))
    loader = ndl.data.DataLoader(dataset, batch_size=4, shuffle=True)
    assert isinstance(loader, ndl.data.data_basic.DataLoader)
    np.random.seed(2)
    batches = list(loader)
    np.random.seed(2)
    np.testing.assert_array_equal(
        np.concatenate([y.numpy() for _, y in batches]), np.random.permutation(10)
    )
    assert {X.dtype.name for X, _ in batches} == {y.dtype.name for _, y in batches} == {"float32"}


@pytest.mark.parametrize("max_lines", [None, 1, 2])
def test_corpus(max_lines):
    corpus = ndl.data.Corpus(PTB, max_lines)
    lines = (SENTENCES * 5)[:max_lines]
    words = [word for line in lines for word in [*line.split(), "<eos>"]]
    dictionary = corpus.dictionary
    assert [dictionary.idx2word[i] for i in corpus.train] == words
    test = ["the", "mat", "sat", "<eos>", "a", "new", "word", "<eos>"][: 4 * (max_lines or 2)]
    assert [dictionary.idx2word[i] for i in corpus.test] == test
    assert all(dictionary.word2idx[word] == i for i, word in enumerate(dictionary.idx2word))
    assert len(dictionary) == len({*words, *test})
    assert dictionary.add_word("cat") == dictionary.word2idx["cat"]


@on_devices
@pytest.mark.parametrize("dtype", ["float32", None])
@pytest.mark.parametrize(("batch_size", "bptt"), [(1, 3), (4, 7), (3, 100)])
def test_batches_of_text(batch_size, bptt, dtype, device):
    corpus = ndl.data.Corpus(PTB)
    data = ndl.data.batchify(corpus.train, batch_size, device=device, dtype=dtype)
    n = len(corpus.train) // batch_size
    expected = np.array(corpus.train[: n * batch_size]).reshape(batch_size, n).T
    np.testing.assert_array_equal(data, expected)
    i = 2
    X, y = ndl.data.get_batch(data, i, bptt, device=device, dtype=dtype)
    stop = min(i + bptt, n - 1)
    np.testing.assert_array_equal(X.numpy(), expected[i:stop])
    np.testing.assert_array_equal(y.numpy(), expected[i + 1 : stop + 1].reshape(-1))
    for tensor in (X, y):
        assert isinstance(tensor, ndl.Tensor)
        assert isinstance(tensor.cached_data, nd.NDArray)
        assert tensor.dtype == "float32"
        assert tensor.device == device


def test_modules_by_their_full_names():
    from needle.data.data_basic import DataLoader, Dataset
    from needle.data.data_transforms import RandomCrop, RandomFlipHorizontal
    from needle.data.datasets import CIFAR10Dataset
    from needle.data.datasets.cifar10_dataset import CIFAR10Dataset as Same
    from needle.data.datasets.mnist_dataset import MNISTDataset
    from needle.data.datasets.ndarray_dataset import NDArrayDataset
    from needle.data.datasets.ptb_dataset import Corpus, Dictionary, batchify, get_batch

    assert DataLoader is ndl.data.DataLoader
    assert CIFAR10Dataset is Same is ndl.data.CIFAR10Dataset
    for kind in (CIFAR10Dataset, MNISTDataset, NDArrayDataset):
        assert issubclass(kind, Dataset)
    assert Corpus is ndl.data.Corpus
    assert isinstance(Corpus(PTB).dictionary, Dictionary)
    assert batchify is ndl.data.batchify
    assert get_batch is ndl.data.get_batch
    assert RandomCrop is ndl.data.RandomCrop
    assert RandomFlipHorizontal is ndl.data.RandomFlipHorizontal


# Models


@on_devices
def test_resnet9(device):
    np.random.seed(0)
    model = ResNet9(device=device, dtype="float32")
    np.random.seed(0)
    bound = np.sqrt(6 / (3 * 49))
    first = (2 * np.random.rand(7, 7, 3, 16) - 1) * bound
    np.testing.assert_allclose(model.parameters()[0].numpy(), first, atol=1e-6)
    assert sum(np.prod(p.shape) for p in model.parameters()) == 431946
    model.eval()
    y = model(ndl.Tensor(np.random.randn(2, 3, 32, 32), device=device))
    assert y.shape == (2, 10)
    assert y.device == device


@on_devices
@pytest.mark.parametrize("seq_model", ["rnn", "lstm", "transformer"])
def test_language_model(seq_model, device):
    np.random.seed(1)
    model = LanguageModel(8, 11, 6, 2, seq_model, seq_len=5, device=device)
    np.random.seed(1)
    np.testing.assert_allclose(model.parameters()[0].numpy(), np.random.randn(11, 8), atol=1e-6)
    x = ndl.Tensor(np.random.randint(11, size=(5, 3)), device=device, dtype="float32")
    logits, h = model(x)
    assert logits.shape == (15, 11)
    if seq_model == "lstm":
        assert isinstance(h, tuple)
        assert [state.shape for state in h] == [(2, 3, 6)] * 2
    elif seq_model == "rnn":
        assert h.shape == (2, 3, 6)
    again, _ = model(x, h)
    assert again.shape == logits.shape
    logits.backward()
    for p in model.parameters():
        assert p.grad is not None
        assert p.grad.dtype == "float32"


# Training


class Small(nn.Module):
    def __init__(self, device=None):
        super().__init__()
        self.conv = nn.Conv(3, 2, 3, 4, device=device)
        self.norm = nn.BatchNorm2d(2, device=device)
        self.linear = nn.Linear(2 * 8 * 8, 10, device=device)

    def forward(self, x):
        return self.linear(nn.Flatten()(nn.ReLU()(self.norm(self.conv(x)))))


def small(device=None):
    np.random.seed(3)
    return Small(device)


@on_devices
def test_training_on_cifar10_is_the_loop_of_the_course(device):
    dataset = ndl.data.CIFAR10Dataset(CIFAR, train=True)
    loader = ndl.data.DataLoader(dataset, batch_size=8, shuffle=True, device=device)
    settings = {"lr": 0.001, "weight_decay": 0.001}
    found = train_cifar10(small(device), loader, 2, optimizer=ndl.optim.Adam, **settings)

    model, loss_function = small(device), nn.SoftmaxLoss()
    opt = ndl.optim.Adam(model.parameters(), **settings)
    for _ in range(2):
        np.random.seed(4)
        right, losses, n = 0, 0.0, 0
        for batch in loader:
            X, y = ndl.Tensor(batch[0], device=device), ndl.Tensor(batch[1], device=device)
            opt.reset_grad()
            out = model(X)
            loss = loss_function(out, y)
            loss.backward()
            opt.step()
            right += np.sum(out.numpy().argmax(axis=1) == y.numpy())
            losses += loss.numpy() * len(y.numpy())
            n += len(y.numpy())
    np.testing.assert_allclose(found, (right / n, losses / n), rtol=1e-5)
    accuracy, loss = epoch_general_cifar10(loader, model)
    np.testing.assert_allclose(evaluate_cifar10(model, loader), (accuracy, loss), rtol=1e-6)
    assert not model.norm.training
    assert 0 <= accuracy <= 1
    assert loss > 0


def test_epochs_seed_the_generator():
    loader = ndl.data.DataLoader(ndl.data.CIFAR10Dataset(CIFAR, train=False), 6, shuffle=True)
    model = small()
    model.eval()
    for f in (
        lambda: epoch_general_cifar10(loader, model, loss_fn=nn.SoftmaxLoss()),
        lambda: evaluate_cifar10(model, loader, loss_fn=nn.SoftmaxLoss),
    ):
        np.random.seed(99)
        f()
        np.random.seed(4)
        expected = np.random.permutation(6)
        np.testing.assert_array_equal(loader.ordering[0], expected)


@on_devices
def test_training_of_resnet9(device):
    loader = ndl.data.DataLoader(ndl.data.CIFAR10Dataset(CIFAR, train=False), 6, device=device)
    np.random.seed(0)
    model = ResNet9(device=device)
    opt = ndl.optim.Adam(model.parameters(), lr=0.001, weight_decay=0.001)
    losses = [epoch_general_cifar10(loader, model, nn.SoftmaxLoss(), opt)[1] for _ in range(4)]
    assert losses[-1] < losses[0]


@on_devices
@pytest.mark.parametrize("seq_model", ["rnn", "lstm"])
def test_training_on_text_is_the_loop_of_the_course(seq_model, device):
    corpus = ndl.data.Corpus(PTB, max_lines=12)
    data = ndl.data.batchify(corpus.train, 4, device=device, dtype="float32")

    def make():
        np.random.seed(5)
        return LanguageModel(6, len(corpus.dictionary), 5, 1, seq_model, device=device)

    settings = {"lr": 2.0, "weight_decay": 0.0}
    found = train_ptb(
        make(), data, seq_len=3, n_epochs=2, optimizer=ndl.optim.SGD, device=device, **settings
    )
    model, loss_function = make(), nn.SoftmaxLoss()
    opt = ndl.optim.SGD(model.parameters(), **settings)
    for _ in range(2):
        right, losses, n, h = 0, 0.0, 0, None
        for i in range(0, len(data) - 1, 3):
            X, y = ndl.data.get_batch(data, i, 3, device=device, dtype="float32")
            opt.reset_grad()
            out, h = model(X, h)
            h = tuple(s.detach() for s in h) if isinstance(h, tuple) else h.detach()
            loss = loss_function(out, y)
            loss.backward()
            opt.step()
            right += np.sum(out.numpy().argmax(axis=1) == y.numpy())
            losses += loss.numpy() * y.shape[0]
            n += y.shape[0]
    np.testing.assert_allclose(found, (right / n, losses / n), rtol=1e-5)
    accuracy, loss = epoch_general_ptb(data, model, 3, nn.SoftmaxLoss(), device=device)
    assert 0 <= accuracy <= 1
    np.testing.assert_allclose(
        evaluate_ptb(model, data, seq_len=3, loss_fn=nn.SoftmaxLoss, device=device),
        (accuracy, loss),
        rtol=1e-6,
    )


def test_gradients_are_clipped():
    corpus = ndl.data.Corpus(PTB, max_lines=12)
    data = ndl.data.batchify(corpus.train, 4, device=device, dtype="float32")
    ways = []
    for clip in (None, 1e-9):
        np.random.seed(6)
        model = LanguageModel(6, len(corpus.dictionary), 5, device=device)
        before = model.parameters()[0].numpy()
        train_ptb(model, data, seq_len=3, lr=1.0, clip=clip, device=device)
        ways.append(np.abs(model.parameters()[0].numpy() - before).max())
    assert ways[0] > 1e-3
    assert ways[1] < 1e-6


def test_functions_of_earlier_homeworks():
    rng = np.random.RandomState(7)
    X, y = rng.randn(40, 5), rng.randint(3, size=40)
    W1, W2 = ndl.Tensor(rng.randn(5, 8)), ndl.Tensor(rng.randn(8, 3))
    before = loss_err(ndl.relu(ndl.Tensor(X) @ W1) @ W2, y)
    for _ in range(10):
        W1, W2 = nn_epoch(X, y, W1, W2, lr=0.2, batch=10)
    after = loss_err(ndl.relu(ndl.Tensor(X) @ W1) @ W2, y)
    assert after[0] < before[0]
    assert W1.dtype == "float32"
    logits = ndl.Tensor(rng.randn(4, 3))
    exps = np.exp(logits.numpy())
    labels = [0, 2, 1, 1]
    expected = -np.log((exps / exps.sum(axis=1, keepdims=True))[range(4), labels]).mean()
    found = softmax_loss(logits, ndl.Tensor(np.eye(3)[labels]))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_parse_mnist():
    pixels, labels = (
        np.arange(2 * 784, dtype=np.uint32).astype(np.uint8),
        np.array([3, 8], np.uint8),
    )
    with gzip.open("images.gz", "wb") as file:
        file.write(struct.pack(">4i", 2051, 2, 28, 28) + pixels.tobytes())
    with gzip.open("labels.gz", "wb") as file:
        file.write(struct.pack(">2i", 2049, 2) + labels.tobytes())
    X, y = parse_mnist("images.gz", "labels.gz")
    np.testing.assert_allclose(X, pixels.reshape(2, 784) / np.float32(255), rtol=1e-6)
    np.testing.assert_array_equal(y, labels)
    mugrade.submit(X)
