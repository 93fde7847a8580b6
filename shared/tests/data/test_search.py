import hashlib
import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from needle_shared.data import DATASETS, DataNotFound, locate, search
from needle_shared.data.builtin import MNIST_FILES
from needle_shared.data.registry import DataSet
from needle_shared.data.sources import BuiltIn


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def fill(folder, files=MNIST_FILES):
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file).write_text("content")
    return folder


def test_the_environment_comes_before_the_cache(tmp_path, cache, monkeypatch):
    parent = tmp_path / "parent"
    monkeypatch.setenv("NEEDLE_DATA", str(parent))
    for place in [fill(parent / "mnist"), fill(cache / "mnist")]:
        assert locate("mnist", download=False) == place
        (place / MNIST_FILES[2]).unlink()  # one file of four: the place no longer counts
    with pytest.raises(DataNotFound):
        locate("mnist", download=False)


@pytest.mark.parametrize("name", ["mnist", "synthetic"])
def test_a_folder_that_is_named_is_the_only_place(tmp_path, cache, monkeypatch, name):
    folder, parent = tmp_path / "folder", tmp_path / "parent"
    monkeypatch.setenv("NEEDLE_DATA", str(parent))
    fill(parent / name)
    fill(cache / name)
    for place in [fill(folder), fill(folder / name)]:
        assert locate(name, folder) == place
        (place / MNIST_FILES[2]).unlink()
    with pytest.raises(DataNotFound, match=r"Put these files into .*folder") as caught:
        locate(name, folder)
    assert str(parent) not in str(caught.value)


def test_a_folder_may_be_given_as_text(tmp_path, cache):
    fill(tmp_path / "mnist")
    assert locate("mnist", str(tmp_path)) == tmp_path / "mnist"


def test_an_empty_environment_variable_is_no_place(tmp_path, cache, monkeypatch):
    fill(tmp_path / "mnist")
    monkeypatch.setenv("NEEDLE_DATA", "")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataNotFound):
        locate("mnist", download=False)


@pytest.mark.parametrize("name", DATASETS)
def test_every_set_is_found_in_its_directory(tmp_path, cache, name):
    dataset = DATASETS[name]
    fill(tmp_path / dataset.directory, dataset.files)
    assert locate(name, tmp_path) == tmp_path / dataset.directory


def test_a_part_of_a_set_is_enough_if_only_that_is_needed(tmp_path, cache):
    ptb = fill(tmp_path / "ptb", ["valid.txt", "test.txt"])
    assert locate("ptb", tmp_path, files=["test.txt", "valid.txt"]) == ptb
    with pytest.raises(DataNotFound, match=r"ptb \(missing: train\.txt\)"):
        locate("ptb", tmp_path, download=False)


def test_a_directory_with_the_name_of_a_file_is_not_that_file(tmp_path, cache):
    (tmp_path / "ptb" / "valid.txt").mkdir(parents=True)
    with pytest.raises(DataNotFound):
        locate("ptb", tmp_path, files=["valid.txt"], download=False)


def test_unknown_names_are_refused_with_the_known_ones(cache):
    with pytest.raises(
        ValueError,
        match=r"'mnits'.* mnist, cifar10, ptb, digits, synthetic, digits-on-photo, doc-text",
    ):
        locate("mnits")
    with pytest.raises(ValueError, match=r"'tset\.txt'.* train\.txt, valid\.txt, test\.txt"):
        locate("ptb", files=["tset.txt"])


def test_not_found_tells_places_files_and_addresses(tmp_path, cache, monkeypatch):
    monkeypatch.setenv("NEEDLE_DATA", str(tmp_path / "mine"))
    with pytest.raises(DataNotFound) as caught:
        locate("mnist", download=False)
    message = str(caught.value)
    for place in (tmp_path / "mine" / "mnist", cache / "mnist"):
        assert f"  {place} (missing: all)" in message
    assert "into DIRECTORY/mnist and set NEEDLE_DATA=DIRECTORY" in message
    for file in MNIST_FILES:
        assert f"{file}  https://ossci-datasets.s3.amazonaws.com/mnist/{file}" in message
    assert isinstance(caught.value, FileNotFoundError)


def test_built_in_data_is_made_once_and_without_permission_to_download(cache):
    place = locate("synthetic", download=False)
    assert place == cache / "synthetic"
    assert names_in(place) == sorted(MNIST_FILES)
    before = {path: path.stat().st_mtime_ns for path in place.iterdir()}
    assert locate("synthetic") == place
    assert {path: path.stat().st_mtime_ns for path in place.iterdir()} == before
    assert names_in(cache) == ["synthetic"], "nothing temporary is left"


def test_a_file_that_was_lost_from_built_in_data_is_made_again(cache):
    place = locate("synthetic")
    content = (place / MNIST_FILES[0]).read_bytes()
    (place / MNIST_FILES[0]).unlink()
    locate("synthetic")
    assert (place / MNIST_FILES[0]).read_bytes() == content


def test_files_appear_only_when_all_are_written(cache, monkeypatch):
    def write(folder):
        for file in MNIST_FILES[:3]:
            (folder / file).write_text("content")
            assert not (cache / "made" / file).exists()
        raise KeyboardInterrupt

    monkeypatch.setitem(DATASETS, "made", DataSet("made", MNIST_FILES, BuiltIn(write)))
    with pytest.raises(KeyboardInterrupt):
        locate("made")
    assert names_in(cache) == []


def make_synthetic(cache, start, results):
    search.cache_folder = lambda: cache
    start.wait()
    place = locate("synthetic")
    results.put([(place / name).read_bytes() for name in MNIST_FILES])


def test_processes_that_make_a_set_at_once_all_get_it_whole(cache):
    context = multiprocessing.get_context("fork" if sys.platform == "linux" else "spawn")
    start, results = context.Barrier(3), context.Queue()
    arguments = (cache, start, results)
    workers = [context.Process(target=make_synthetic, args=arguments) for _ in range(3)]
    for worker in workers:
        worker.start()
    contents = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    place = locate("synthetic")
    assert contents == [[(place / name).read_bytes() for name in MNIST_FILES]] * 3
    assert names_in(cache) == ["synthetic"]


def test_a_cache_that_cannot_be_written_is_reported(tmp_path, cache):
    cache.write_text("a file where the directory should be")
    with pytest.raises(DataNotFound, match="Getting it failed"):
        locate("synthetic")


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [("pooch", "mnist", "data"), ("sklearn.datasets", "digits", "digits")],
)
def test_a_missing_package_is_named_with_its_extra(tmp_path, monkeypatch, module, name, extra):
    monkeypatch.delenv("NEEDLE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    if module != "pooch":
        monkeypatch.setattr(search, "cache_folder", lambda: tmp_path)
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ImportError, match=rf"{module} .*pip install 'needle-shared\[{extra}\]'"):
        locate(name)


def test_data_at_hand_needs_no_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.setenv("NEEDLE_DATA", str(tmp_path))
    assert locate("mnist", fill(tmp_path / "a")) == tmp_path / "a"
    assert locate("ptb", files=[]) == tmp_path / "ptb"


def test_the_cache_belongs_to_needle():
    pytest.importorskip("pooch", reason="needs the extra `data`")
    assert "needle" in search.cache_folder().parts


def test_penn_treebank_at_hand_has_the_checksums_of_the_registry():
    files = ["valid.txt", "test.txt"]
    folder = Path(os.environ.get("NEEDLE_DATA") or ".", "ptb")
    if not all((folder / file).is_file() for file in files):
        pytest.skip("NEEDLE_DATA names no directory with Penn Treebank")
    for file in files:
        digest = hashlib.sha256((folder / file).read_bytes()).hexdigest()
        assert DATASETS["ptb"].source.remotes[file].checksum == f"sha256:{digest}"
