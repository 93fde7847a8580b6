"""Data sets: found on this machine, downloaded once, or made without a network.

`locate("mnist")` returns the directory with the files of a data set. Where it looks, in order:

1. the argument `folder`, the directory itself or its parent;
2. the directory in the environment variable `NEEDLE_DATA`, a parent;
3. the user's cache, into which it then downloads or builds what is missing.

The files are what the world knows: IDX in gzip for digits, pickled batches for CIFAR-10, text
for Penn Treebank. Reading them is an exercise of the stages, so nothing here decodes them.
"""

from needle_shared.data.builtin import write_digits as write_digits
from needle_shared.data.builtin import write_synthetic as write_synthetic
from needle_shared.data.doc_text import write_doc_text as write_doc_text
from needle_shared.data.idx import write_idx as write_idx
from needle_shared.data.photo_digits import write_digits_on_photo as write_digits_on_photo
from needle_shared.data.registry import DATASETS as DATASETS
from needle_shared.data.search import DataNotFound as DataNotFound
from needle_shared.data.search import locate as locate
from needle_shared.data.sources import CorruptDownloadError as CorruptDownloadError

__all__ = [
    "DATASETS",
    "CorruptDownloadError",
    "DataNotFound",
    "locate",
    "write_digits",
    "write_digits_on_photo",
    "write_doc_text",
    "write_idx",
    "write_synthetic",
]
