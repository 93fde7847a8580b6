"""Archives and folders that are no submissions, or try to be more than one."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from attacks.attack import LINALG, Files, write

OUTSIDE = "needle-corpus-outside"


@dataclass(frozen=True)
class Packed:
    """What is put in the class's folder by `make` of a perfect submission, and what comes of it."""

    name: str
    make: Callable[[Path, Files], None]
    expected: Literal["invalid", "perfect", "less"] = "invalid"

    @property
    def student(self) -> str:
        """The name of the result's folder."""
        return self.name.partition(".")[0]


def _zip(path: Path, files: Files, *, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(path, "w", method)
    for name, content in files.items():
        archive.writestr(name, content)
    return archive


def _tar(path: Path, files: Files) -> tarfile.TarFile:
    archive = tarfile.open(path, "w:gz")  # noqa: SIM115 - the caller closes it
    for name, content in files.items():
        _add(archive, name, content)
    return archive


def _add(archive: tarfile.TarFile, name: str, content: bytes, **changes: object) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in changes.items():
        setattr(info, key, value)
    archive.addfile(info, io.BytesIO(content))


def _zip_plain(path: Path, files: Files) -> None:
    _zip(path, {f"my homework (2)/hw1/{n}": c for n, c in files.items()}).close()


def _tar_plain(path: Path, files: Files) -> None:
    _tar(path, {f"./{n}": c for n, c in files.items()}).close()


def _zip_dots(path: Path, files: Files) -> None:
    ways = [f"../../{OUTSIDE}", f"/tmp/{OUTSIDE}", f"hw1/../../{OUTSIDE}", f"..\\{OUTSIDE}"]
    _zip(path, {**files, **dict.fromkeys(ways, b"x")}).close()


def _tar_dots(path: Path, files: Files) -> None:
    _tar(path, {**files, f"../../../{OUTSIDE}": b"x", f"/tmp/{OUTSIDE}": b"x"}).close()


def _tar_links(path: Path, files: Files) -> None:
    with _tar(path, {n: c for n, c in files.items() if n != LINALG}) as archive:
        _add(archive, LINALG, b"", type=tarfile.SYMTYPE, linkname="/etc/shadow")


def _tar_hard_link(path: Path, files: Files) -> None:
    with _tar(path, {n: c for n, c in files.items() if n != LINALG}) as archive:
        _add(archive, LINALG, b"", type=tarfile.LNKTYPE, linkname="/etc/passwd")


def _tar_device(path: Path, files: Files) -> None:
    with _tar(path, {n: c for n, c in files.items() if n != LINALG}) as archive:
        _add(archive, LINALG, b"", type=tarfile.CHRTYPE, devmajor=1, devminor=5)


def _zip_link(path: Path, files: Files) -> None:
    with _zip(path, {n: c for n, c in files.items() if n != LINALG}) as archive:
        info = zipfile.ZipInfo(LINALG)
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/shadow")


def _zip_bomb(path: Path, files: Files) -> None:
    _zip(path, {**files, LINALG: bytes(300 << 20)}).close()


def _tar_bomb(path: Path, files: Files) -> None:
    _tar(path, {"a": bytes(300 << 20), **files}).close()


def _zip_many(path: Path, files: Files) -> None:
    many = {f"src/needle_hw1/ops/n{i}.py": b"" for i in range(2500)}
    _zip(path, {**files, **many}).close()


def _twice(path: Path, files: Files) -> None:
    _zip(path, {f"{top}/{n}": c for top in ("old", "new") for n, c in files.items()}).close()


def _same_name_twice(path: Path, files: Files) -> None:
    with _zip(path, files) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr(LINALG, b"raise SystemExit\n")


def _capitals(path: Path, files: Files) -> None:
    _zip(path, {**files, LINALG.upper(): b"raise SystemExit\n"}).close()


def _nothing(path: Path, files: Files) -> None:
    del files
    _zip(path, {}).close()


def _not_an_archive(path: Path, files: Files) -> None:
    del files
    path.write_bytes(b"Dear teacher, my homework is attached.")


def _cut_off(path: Path, files: Files) -> None:
    _zip(path, files).close()
    path.write_bytes(path.read_bytes()[:-200])


def _cut_off_tar(path: Path, files: Files) -> None:
    _tar(path, files).close()
    path.write_bytes(path.read_bytes()[:3000])


def _other_stage(path: Path, files: Files) -> None:
    _zip(path, {n.replace("hw1", "hw2"): c for n, c in files.items()}).close()


def _zip_in_zip(path: Path, files: Files) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    _zip(path, {"homework.zip": inner.getvalue()}).close()


def _zip_in_folder(path: Path, files: Files) -> None:
    path.mkdir()
    _zip_plain(path / "homework.zip", files)


def _pipe(path: Path, files: Files) -> None:
    write(files, path)
    (path / LINALG).unlink()
    os.mkfifo(path / LINALG)


def _sparse(path: Path, files: Files) -> None:
    write(files, path)
    with (path / LINALG).open("wb") as file:
        file.truncate(1 << 40)


def _link_to_secret(path: Path, files: Files) -> None:
    write(files, path)
    (path / LINALG).unlink()
    (path / LINALG).symlink_to("/etc/shadow")


def _link_of_folder(path: Path, files: Files) -> None:
    write({n: c for n, c in files.items() if not n.startswith("src/needle_hw1/ops")}, path)
    (path / "src/needle_hw1/ops").symlink_to("/etc")


def _endless_folders(path: Path, files: Files) -> None:
    write(files, path)
    (path / "src/needle_hw1/again").symlink_to("..")


PACKED = [
    Packed("zip-in-folders.zip", _zip_plain, expected="perfect"),
    Packed("tar-with-dots-before.tar.gz", _tar_plain, expected="perfect"),
    Packed("zip-climbs-out.zip", _zip_dots, expected="perfect"),
    Packed("tar-climbs-out.tar.gz", _tar_dots, expected="perfect"),
    Packed("tar-with-a-link.tar.gz", _tar_links),
    Packed("tar-with-a-hard-link.tgz", _tar_hard_link),
    Packed("tar-with-a-device.tar.gz", _tar_device),
    Packed("zip-with-a-link.zip", _zip_link),
    Packed("zip-bomb.zip", _zip_bomb),
    Packed("tar-bomb.tar.gz", _tar_bomb),
    Packed("zip-of-many-files.zip", _zip_many),
    Packed("stage-twice.zip", _twice),
    Packed("file-twice.zip", _same_name_twice),
    Packed("file-twice-by-capitals.zip", _capitals, expected="perfect"),
    Packed("empty.zip", _nothing),
    Packed("letter.zip", _not_an_archive),
    Packed("cut-off.zip", _cut_off),
    Packed("cut-off-tar.tar.gz", _cut_off_tar),
    Packed("other-stage.zip", _other_stage),
    Packed("zip-in-zip.zip", _zip_in_zip),
    Packed("zip-in-a-folder", _zip_in_folder, expected="perfect"),
    Packed("folder-with-a-pipe", _pipe),
    Packed("folder-with-a-huge-file", _sparse),
    Packed("folder-with-a-link", _link_to_secret),
    Packed("folder-with-a-link-of-a-folder", _link_of_folder, expected="less"),
    Packed("folder-in-itself", _endless_folders, expected="perfect"),
]
