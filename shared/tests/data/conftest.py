"""A cache of its own for each test, a reader of IDX, and a web server on this machine."""

import gzip
import hashlib
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from needle_shared.data import search
from needle_shared.data.sources import Remote


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """The user's cache, empty; `NEEDLE_DATA` is unset."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(search, "cache_folder", lambda: folder)
    monkeypatch.delenv("NEEDLE_DATA", raising=False)
    return folder


@pytest.fixture
def read_idx():
    """A decoder written from the description of the format, independent of the writer."""
    dtypes = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}

    def read(path):
        raw = Path(path).read_bytes()
        content = gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw
        assert content[:2] == b"\0\0"
        ndim = content[3]
        shape = [int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(ndim)]
        return np.frombuffer(content, dtypes[content[2]], offset=4 + 4 * ndim).reshape(shape)

    return read


class Website:
    """Files in `folder`, served at `url`; those in `broken` end half way."""

    def __init__(self, folder, url):
        self.folder = folder
        self.url = url
        self.broken = set()
        self.requests = []

    def publish(self, name, content, *, checksum_of=None):
        """Serve `content` as `name`; return a `Remote` with its checksum or another's."""
        (self.folder / name).write_bytes(content)
        digest = hashlib.sha256(content if checksum_of is None else checksum_of).hexdigest()
        return Remote(self.url + name, f"sha256:{digest}")


class Handler(SimpleHTTPRequestHandler):
    def __init__(self, *args, website, **kwargs):
        self.website = website
        super().__init__(*args, directory=str(website.folder), **kwargs)

    def log_message(self, *args):
        pass

    def do_GET(self):
        name = self.path.lstrip("/")
        self.website.requests.append(name)
        if name not in self.website.broken:
            super().do_GET()
            return
        content = (self.website.folder / name).read_bytes()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2])


@pytest.fixture
def website(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    folder = tmp_path / "website"
    folder.mkdir()
    site = Website(folder, "")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, website=site)) as server:
        site.url = f"http://127.0.0.1:{server.server_port}/"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield site
        server.shutdown()
        thread.join()
