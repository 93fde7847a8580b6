import io
import re
import tarfile
from dataclasses import replace

import pytest

from needle_shared.data import DATASETS, CorruptDownloadError, DataNotFound, locate
from needle_shared.data.sources import Archive, Downloads, Remote

pytest.importorskip("pooch", reason="needs the extra `data`")
pytest.importorskip("tqdm", reason="needs the extra `data`")

FILES = ("train.txt", "valid.txt", "test.txt")
TEXTS = {file: f"text of {file}\n".encode() * 5000 for file in FILES}


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def ptb(website, cache, monkeypatch):
    """Penn Treebank as published on the local website."""
    remotes = {file: website.publish(file, text) for file, text in TEXTS.items()}
    monkeypatch.setitem(DATASETS, "ptb", replace(DATASETS["ptb"], source=Downloads(remotes)))
    return remotes


def test_files_are_downloaded_once_into_the_cache(website, cache, ptb):
    for _ in range(2):
        assert locate("ptb") == cache / "ptb"
    assert {path.name: path.read_bytes() for path in (cache / "ptb").iterdir()} == TEXTS
    assert website.requests == list(FILES)
    assert names_in(cache) == ["ptb"], "nothing temporary is left"


def test_only_the_files_that_are_needed_and_missing_are_downloaded(website, cache, ptb):
    locate("ptb", files=["valid.txt"])
    assert website.requests == ["valid.txt"]
    locate("ptb", files=["valid.txt", "test.txt"])
    assert website.requests == ["valid.txt", "test.txt"]


def test_a_progress_bar_is_shown(cache, ptb, capfd):
    locate("ptb", files=["valid.txt"])
    assert "100%" in capfd.readouterr().err


def test_another_content_is_refused_and_not_kept(website, cache, ptb):
    ptb["valid.txt"] = website.publish("valid.txt", b"poison", checksum_of=b"text")
    with pytest.raises(CorruptDownloadError, match=re.escape(website.url + "valid.txt")):
        locate("ptb", files=["valid.txt"])
    assert names_in(cache) == []


def test_md5_is_checked_too(website, cache, ptb):
    ptb["train.txt"] = Remote(website.url + "train.txt", "md5:" + "0" * 32)
    with pytest.raises(CorruptDownloadError):
        locate("ptb", files=["train.txt"])


def test_a_download_that_breaks_off_leaves_nothing_and_can_be_resumed(website, cache, ptb):
    website.broken.add("valid.txt")
    with pytest.raises(DataNotFound, match="Getting it failed"):
        locate("ptb")
    assert names_in(cache) == ["ptb"]
    assert names_in(cache / "ptb") == ["train.txt"], "the whole file before it is kept"
    website.broken.clear()
    website.requests.clear()
    assert locate("ptb") == cache / "ptb"
    assert website.requests == ["valid.txt", "test.txt"]


def test_without_a_network_the_message_tells_what_to_do(website, cache, ptb):
    ptb["valid.txt"] = Remote("http://127.0.0.1:1/valid.txt", "md5:" + "0" * 32)
    with pytest.raises(DataNotFound) as caught:
        locate("ptb", files=["valid.txt"])
    message = str(caught.value)
    assert f"{cache / 'ptb'} (missing: all)" in message
    assert "Getting it failed: " in message
    assert "into DIRECTORY/ptb and set NEEDLE_DATA=DIRECTORY:\n  valid.txt  http://127" in message
    assert names_in(cache) == []


def test_an_address_that_is_gone_is_reported(website, cache, ptb):
    (website.folder / "valid.txt").unlink()
    with pytest.raises(DataNotFound, match="404"):
        locate("ptb")


def test_no_download_is_tried_when_it_is_not_wanted(website, cache, ptb):
    with pytest.raises(DataNotFound):
        locate("ptb", download=False)
    assert website.requests == []
    assert not cache.exists()


def packed(members):
    """A tar archive; a member is content, or the name that a symbolic link points to."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            if isinstance(content, bytes):
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
            else:
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
    return buffer.getvalue()


@pytest.fixture
def publish_cifar10(website, cache, monkeypatch):
    dataset = DATASETS["cifar10"]

    def publish(members):
        remote = website.publish("cifar.tar.gz", packed(members))
        source = Archive(remote, dataset.directory, dataset.files)
        monkeypatch.setitem(DATASETS, "cifar10", replace(dataset, source=source))

    return publish


CIFAR10 = DATASETS["cifar10"].files
CONTENTS = [(f"cifar-10-batches-py/{file}", file.encode() * 100) for file in CIFAR10]


def test_an_archive_gives_the_files_of_the_set(website, cache, publish_cifar10):
    publish_cifar10([*CONTENTS, ("cifar-10-batches-py/readme.html", b"more")])
    place = locate("cifar10", files=["test_batch"])
    assert locate("cifar10") == place == cache / "cifar-10-batches-py"
    found = {path.name: path.read_bytes() for path in place.iterdir()}
    assert found == {file: file.encode() * 100 for file in CIFAR10}
    assert website.requests == ["cifar.tar.gz"]
    assert names_in(cache) == ["cifar-10-batches-py"], "the archive is not kept"


def test_members_that_lead_outside_are_not_extracted(tmp_path, cache, publish_cifar10):
    outside = tmp_path / "absolute"
    publish_cifar10([("../evil", b"x"), (str(outside), b"x"), ("a/../../evil", b"x"), *CONTENTS])
    before = {path for path in tmp_path.rglob("*") if "cache" not in path.parts}
    place = locate("cifar10")
    assert {path for path in tmp_path.rglob("*") if "cache" not in path.parts} == before
    assert names_in(cache) == [place.name]
    assert names_in(place) == sorted(CIFAR10)


@pytest.mark.parametrize("target", ["test_batch", "/etc/passwd"])
def test_a_link_in_place_of_a_file_is_refused(cache, publish_cifar10, target):
    publish_cifar10([("cifar-10-batches-py/batches.meta", target), *CONTENTS[1:]])
    with pytest.raises(CorruptDownloadError, match=r"batches\.meta is not a regular file"):
        locate("cifar10")
    assert names_in(cache) == []


def test_an_archive_that_lacks_a_file_gives_none(cache, publish_cifar10):
    publish_cifar10(CONTENTS[:-1])
    with pytest.raises(CorruptDownloadError, match=r"holds no cifar-10-batches-py/test_batch"):
        locate("cifar10")
    assert names_in(cache) == []


def test_every_registered_download_is_encrypted_and_has_a_checksum():
    remotes = [DATASETS["cifar10"].source.remote]
    for name in ("mnist", "ptb"):
        source = DATASETS[name].source
        assert tuple(source.remotes) == DATASETS[name].files
        remotes += source.remotes.values()
    for remote in remotes:
        assert remote.url.startswith("https://")
        assert re.fullmatch("sha256:[0-9a-f]{64}|md5:[0-9a-f]{32}", remote.checksum)
