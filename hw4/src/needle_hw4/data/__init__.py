"""The data sets and loaders of hw2."""

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
