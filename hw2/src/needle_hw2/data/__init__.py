"""Data sets, loaders that make batches of them, and transforms of images.

A *data set* is what has a length and items: `len(dataset)` and `dataset[i]`. An item is a tuple of
fields, say an image and its label. Subclass `Dataset` and define `__len__` and `__getitem__`;
define `batch`, too, where many items can be taken at once.

A *loader* goes over a data set in batches. Each `for` loop over it is a *pass*, with an order of
its own if the loader shuffles, and gives a tuple of tensors per batch: one tensor for each field,
with the items along the first axis.

>>> import numpy as np
>>> from needle_hw2 import data
>>> images = np.zeros((10, 28, 28, 1), dtype="float32")
>>> labels = np.arange(10, dtype="uint8")
>>> dataset = data.NDArrayDataset(images, labels)
>>> training, test = data.random_split(dataset, [8, 2])
>>> loader = data.DataLoader(training, batch_size=3, shuffle=True)
>>> len(loader)
3
>>> for X, y in loader:
...     X.shape, y.shape
((3, 28, 28, 1), (3,))
((3, 28, 28, 1), (3,))
((2, 28, 28, 1), (2,))

A *transform* is a function of an image; random ones make new images of old ones while training:

>>> crop = data.Compose([data.RandomFlipHorizontal(), data.RandomCrop(padding=3)])
>>> crop(images[0]).shape
(28, 28, 1)

Orders and transforms draw from NumPy's global generator, as the course does. A loader with
`rng=numpy.random.default_rng(seed)` draws from that one alone, and then gives the same batches
whatever the number of its workers.
"""

from needle_hw2.data.dataset import Dataset as Dataset
from needle_hw2.data.loader import DataLoader as DataLoader
from needle_hw2.data.mnist import MNISTDataset as MNISTDataset
from needle_hw2.data.ndarray import NDArrayDataset as NDArrayDataset
from needle_hw2.data.randomness import active_generator as active_generator
from needle_hw2.data.subset import Subset as Subset
from needle_hw2.data.subset import random_split as random_split
from needle_hw2.data.transforms import Compose as Compose
from needle_hw2.data.transforms import Normalize as Normalize
from needle_hw2.data.transforms import RandomCrop as RandomCrop
from needle_hw2.data.transforms import RandomFlipHorizontal as RandomFlipHorizontal
from needle_hw2.data.transforms import Transform as Transform
