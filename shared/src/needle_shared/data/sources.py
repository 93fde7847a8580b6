"""Where the files of a data set come from: separate downloads, one archive, or a function.

A source puts files into a folder under their final names only when they are whole: they are
made in a temporary folder beside it, synced and renamed. Several processes may do so at once.
"""

import os
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from needle_shared.data.extras import require


class CorruptDownloadError(ValueError):
    """A download is not what the registry describes; nothing of it was kept."""


@dataclass(frozen=True)
class Remote:
    """A file on the network: its address and its checksum, `"sha256:..."` or `"md5:..."`."""

    url: str
    checksum: str

    def fetch(self, folder: Path, name: str) -> Path:
        """Return `folder/name`, after downloading it with a progress bar and checking it.

        Raises `CorruptDownloadError` for another content, `OSError` if the network fails.
        """
        pooch = require("pooch", extra="data")
        bar = pooch.HTTPDownloader(progressbar=True)
        try:
            pooch.retrieve(self.url, self.checksum, fname=name, path=folder, downloader=bar)
        except ValueError as error:
            raise CorruptDownloadError(f"{self.url}: {error}") from error
        return folder / name


class Source(Protocol):
    """A way to obtain files."""

    def provide(self, files: Iterable[str], folder: Path) -> None:
        """Put at least `files` into `folder`, made if its parent exists."""

    def url(self, file: str) -> str | None:
        """Return the address from which `file` comes, or None if no network is needed."""


@dataclass(frozen=True)
class Downloads:
    """One download per file."""

    remotes: Mapping[str, Remote]

    def provide(self, files: Iterable[str], folder: Path) -> None:
        """Download each of `files` that `folder` lacks."""
        for name in files:
            if not (folder / name).is_file():
                with _staging(folder) as staging:
                    self.remotes[name].fetch(staging, name)

    def url(self, file: str) -> str:
        """Return the address of the file."""
        return self.remotes[file].url


@dataclass(frozen=True)
class Archive:
    """A tar archive that holds all `files` in its directory `prefix`."""

    remote: Remote
    prefix: str
    files: tuple[str, ...]

    def provide(self, files: Iterable[str], folder: Path) -> None:
        """Download the archive and take every file of the set, and nothing else, out of it.

        No name in the archive is used as a path, so none can lead outside `folder`.
        """
        del files
        with (
            TemporaryDirectory(prefix=".partial-", dir=folder.parent) as temporary,
            tarfile.open(self.remote.fetch(Path(temporary), "archive")) as archive,
            _staging(folder) as staging,
        ):
            for name in self.files:
                self._extract(archive, name, staging)

    def _extract(self, archive: tarfile.TarFile, name: str, folder: Path) -> None:
        member = f"{self.prefix}/{name}"
        try:
            info = archive.getmember(member)
        except KeyError as error:
            raise CorruptDownloadError(f"{self.remote.url} holds no {member}") from error
        # A link has a content too, that of another member.
        content = archive.extractfile(info) if info.isreg() else None
        if content is None:
            raise CorruptDownloadError(f"{self.remote.url}: {member} is not a regular file")
        with content, (folder / name).open("wb") as file:
            shutil.copyfileobj(content, file)

    def url(self, file: str) -> str:
        """Return the address of the archive, whichever file is asked for."""
        del file
        return self.remote.url


@dataclass(frozen=True)
class BuiltIn:
    """A function that writes every file of the set into the folder that it is given."""

    write: Callable[[Path], None]

    def provide(self, files: Iterable[str], folder: Path) -> None:
        """Write the whole set."""
        del files
        with _staging(folder) as staging:
            self.write(staging)

    def url(self, file: str) -> None:
        """Return None: no network is needed."""
        del file


@contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """Give a temporary folder whose files move into `folder` if the body succeeds."""
    # Beside `folder`, on the same file system: only there is a rename atomic.
    with TemporaryDirectory(prefix=".partial-", dir=folder.parent) as temporary:
        yield Path(temporary)
        folder.mkdir(exist_ok=True)
        for path in Path(temporary).iterdir():
            with path.open("rb+") as file:
                os.fsync(file.fileno())
            path.replace(folder / path.name)
