"""Functions of neural networks: each is one kernel, where the standard's functions take many.

All of them take arrays of one device and of one floating-point dtype: `ValueError` and `TypeError`
otherwise. They return new arrays, row-major but for an `axis` that is not the last. A gradient is
that of a function's arguments, computed from that of its result and from what the function left.
"""

from needle_hw3.neural.activation import relu as relu
from needle_hw3.neural.activation import relu_gradient as relu_gradient
from needle_hw3.neural.activation import sigmoid as sigmoid
from needle_hw3.neural.activation import sigmoid_gradient as sigmoid_gradient
from needle_hw3.neural.activation import tanh_gradient as tanh_gradient
from needle_hw3.neural.convolution import conv2d as conv2d
from needle_hw3.neural.convolution import conv2d_input_gradient as conv2d_input_gradient
from needle_hw3.neural.convolution import conv2d_weight_gradient as conv2d_weight_gradient
from needle_hw3.neural.indexing import scatter_add as scatter_add
from needle_hw3.neural.normalization import batch_norm as batch_norm
from needle_hw3.neural.normalization import batch_norm_gradient as batch_norm_gradient
from needle_hw3.neural.normalization import layer_norm as layer_norm
from needle_hw3.neural.normalization import layer_norm_gradient as layer_norm_gradient
from needle_hw3.neural.optimizers import adam_steps as adam_steps
from needle_hw3.neural.optimizers import elements_of_a_step as elements_of_a_step
from needle_hw3.neural.optimizers import sgd_steps as sgd_steps
from needle_hw3.neural.pooling import avg_pool2d as avg_pool2d
from needle_hw3.neural.pooling import avg_pool2d_gradient as avg_pool2d_gradient
from needle_hw3.neural.pooling import max_pool2d as max_pool2d
from needle_hw3.neural.pooling import max_pool2d_gather as max_pool2d_gather
from needle_hw3.neural.pooling import max_pool2d_gradient as max_pool2d_gradient
from needle_hw3.neural.recurrent import lstm_cell as lstm_cell
from needle_hw3.neural.recurrent import lstm_cell_gradient as lstm_cell_gradient
from needle_hw3.neural.softmax import log_softmax as log_softmax
from needle_hw3.neural.softmax import log_softmax_gradient as log_softmax_gradient
from needle_hw3.neural.softmax import logsumexp as logsumexp
from needle_hw3.neural.softmax import softmax as softmax
from needle_hw3.neural.softmax import softmax_gradient as softmax_gradient
from needle_hw3.neural.softmax import softmax_loss as softmax_loss
from needle_hw3.neural.softmax import softmax_loss_gradient as softmax_loss_gradient
