"""Networks that the two-layer one says nothing of: what earlier stages lack, or take long for.

A *text* is learned by an embedding, a recurrent layer and a linear layer: hw2 has none but the
last, and its user writes the others with its operators. *Images* are learned by ResNet9: hw2 has
no convolutions. A cell yields the loss of one step after the other.
"""

# Of each workload, names to "module:Class", in order: the first is the one that the others are
# divided by.
CELLS = {
    "text": {
        "hw2": "needle_shared.evolution.workloads.text_hw2:UnrolledCell",
        "hw4-numpy": "needle_shared.evolution.workloads.text_hw4:NumpyTextCell",
        "hw4-cpp": "needle_shared.evolution.workloads.text_hw4:CppTextCell",
        "hw4-cuda": "needle_shared.evolution.workloads.text_hw4:CudaTextCell",
    },
    "images": {
        "hw2": "needle_shared.evolution.workloads.images:WithoutConvolutions",
        "hw4-numpy": "needle_shared.evolution.workloads.images:NumpyImageCell",
        "hw4-cpp": "needle_shared.evolution.workloads.images:CppImageCell",
        "hw4-cuda": "needle_shared.evolution.workloads.images:CudaImageCell",
    },
}
