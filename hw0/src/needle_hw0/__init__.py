"""Softmax regression and a two-layer network by hand, in NumPy and in C++."""

from needle_hw0.addition import add as add
from needle_hw0.mnist import parse_mnist as parse_mnist
from needle_hw0.native import nn_epoch_cpp as nn_epoch_cpp
from needle_hw0.native import softmax_regression_epoch_cpp as softmax_regression_epoch_cpp
from needle_hw0.softmax import loss_err as loss_err
from needle_hw0.softmax import softmax_loss as softmax_loss
from needle_hw0.softmax import softmax_regression_epoch as softmax_regression_epoch
from needle_hw0.training import train_nn as train_nn
from needle_hw0.training import train_softmax as train_softmax
from needle_hw0.two_layer import nn_epoch as nn_epoch

__all__ = [
    "add",
    "loss_err",
    "nn_epoch",
    "nn_epoch_cpp",
    "parse_mnist",
    "softmax_loss",
    "softmax_regression_epoch",
    "softmax_regression_epoch_cpp",
    "train_nn",
    "train_softmax",
]
