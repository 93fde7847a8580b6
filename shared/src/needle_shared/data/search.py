"""Finding the directory of a data set."""

import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from needle_shared.data.extras import require
from needle_shared.data.registry import DATASETS, DataSet

ENVIRONMENT_VARIABLE = "NEEDLE_DATA"


class DataNotFound(FileNotFoundError):  # noqa: N818 -- reads as its base class does
    """A data set is nowhere on this machine and could not be put there."""


def locate(
    name: str,
    folder: str | Path | None = None,
    *,
    files: Iterable[str] | None = None,
    download: bool = True,
) -> Path:
    """Return the directory that holds `files` of the data set `name`, every file by default.

    A `folder` that is named must hold them, itself or in the set's directory. Otherwise it is the
    first of these that does: the set's directory in `NEEDLE_DATA`, in the user's cache. If none
    does, the files are put into the cache: downloaded and verified, or made if the set is built in.

    Raises `DataNotFound`, which says where to put which files, when they are not in `folder`, or
    when a download is needed but not wanted or not possible; `CorruptDownloadError` when
    something else was downloaded; `ValueError` for an unknown set or file; `ImportError` naming
    the extra that is needed.
    """
    dataset = _dataset(name)
    wanted = _wanted(dataset, files)
    for place in _places(dataset, folder):
        if not _missing(place, wanted):
            return place
    if folder is not None or (not download and any(map(dataset.source.url, wanted))):
        raise DataNotFound(_advice(dataset, folder, wanted))
    cached = cache_folder() / dataset.directory
    try:
        cached.parent.mkdir(parents=True, exist_ok=True)
        dataset.source.provide(wanted, cached)
    except OSError as error:
        raise DataNotFound(_advice(dataset, folder, wanted, error)) from error
    return cached


def cache_folder() -> Path:
    """Return the directory in which this user's copies of data sets are kept."""
    return Path(require("pooch", extra="data").os_cache("needle"))


def _dataset(name: str) -> DataSet:
    if name not in DATASETS:
        raise ValueError(f"no data set {name!r}: choose one of {', '.join(DATASETS)}")
    return DATASETS[name]


def _wanted(dataset: DataSet, files: Iterable[str] | None) -> Sequence[str]:
    wanted = dataset.files if files is None else tuple(files)
    for file in wanted:
        if file not in dataset.files:
            has = ", ".join(dataset.files)
            raise ValueError(f"{dataset.directory} has no file {file!r}: it has {has}")
    return wanted


def _places(dataset: DataSet, folder: str | Path | None) -> Iterator[Path]:
    """Yield the directories to look in; the cache last, as finding it needs a package."""
    if folder is not None:
        yield Path(folder)
        yield Path(folder, dataset.directory)
        return
    if parent := os.environ.get(ENVIRONMENT_VARIABLE):
        yield Path(parent, dataset.directory)
    yield cache_folder() / dataset.directory


def _missing(place: Path, wanted: Sequence[str]) -> list[str]:
    return [file for file in wanted if not (place / file).is_file()]


def _advice(
    dataset: DataSet,
    folder: str | Path | None,
    wanted: Sequence[str],
    error: OSError | None = None,
) -> str:
    directory = dataset.directory
    lines = [f"{directory}/ was not found. Looked for {', '.join(wanted)} in:"]
    for place in _places(dataset, folder):
        missing = _missing(place, wanted)
        lacks = "all" if len(missing) == len(wanted) else ", ".join(missing)
        lines.append(f"  {place} (missing: {lacks})")
    if error is not None:
        lines.append(f"Getting it failed: {error}")
    if folder is not None:
        lines.append(f"Put these files into {Path(folder, directory)}, or name no folder:")
    else:
        lines.append(f"Put these files into DIRECTORY/{directory} and set NEEDLE_DATA=DIRECTORY:")
    lines += [f"  {file}  {dataset.source.url(file) or ''}".rstrip() for file in wanted]
    return "\n".join(lines)
