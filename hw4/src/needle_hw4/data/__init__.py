"""Colour images and text; and needle-hw2's data sets, loaders and transforms.

Images: `CIFAR10Dataset` reads CIFAR-10's files into items `(image, label)`, for a `DataLoader`.
`RandomCropFlip` is the usual augmentation, for whole batches.

Text: `Corpus` numbers the words of Penn Treebank's files. `batchify` lays a text out in columns,
which are read side by side, and `get_batch` cuts rows out of them: words, and the words that
follow.

>>> from needle_hw4 import data
>>> columns = data.batchify([0, 1, 2, 3, 4, 5, 6], batch_size=2)
>>> columns
array([[0, 3],
       [1, 4],
       [2, 5]], dtype=int32)
>>> for i in range(0, len(columns) - 1, 2):
...     words, following = data.get_batch(columns, i, bptt=2)
>>> words.numpy(), following.numpy()
(array([[0, 3],
       [1, 4]], dtype=int32), array([1, 4, 2, 5], dtype=int32))

The files are found, downloaded with checksums, or made, by `needle_shared.data.locate`: "cifar10"
and "ptb"; without a download "digits-on-photo" and "doc-text", in the same formats.
"""

from needle_hw2.data import Compose as Compose
from needle_hw2.data import DataLoader as DataLoader
from needle_hw2.data import Dataset as Dataset
from needle_hw2.data import MNISTDataset as MNISTDataset
from needle_hw2.data import NDArrayDataset as NDArrayDataset
from needle_hw2.data import Normalize as Normalize
from needle_hw2.data import RandomCrop as RandomCrop
from needle_hw2.data import RandomFlipHorizontal as RandomFlipHorizontal
from needle_hw2.data import Subset as Subset
from needle_hw2.data import Transform as Transform
from needle_hw2.data import active_generator as active_generator
from needle_hw2.data import random_split as random_split
from needle_hw4.data.augmentation import BatchTransform as BatchTransform
from needle_hw4.data.augmentation import RandomCropFlip as RandomCropFlip
from needle_hw4.data.cifar10 import CIFAR10Dataset as CIFAR10Dataset
from needle_hw4.data.ptb import Corpus as Corpus
from needle_hw4.data.ptb import Dictionary as Dictionary
from needle_hw4.data.sequences import batchify as batchify
from needle_hw4.data.sequences import get_batch as get_batch
