"""The kernels in NumPy: what every kernel of a device does, said as shortly as possible.

A device is a module of functions on views, and this is the specification of them: the compiled
`_cpu` has the same functions with the same arguments, results and errors. A view is a flat buffer
seen with a dtype, a shape, strides and an offset; broadcasting, slicing and the like are done by
`needle_hw3.layout` for all devices, so a kernel sees nothing but views.
"""

from needle_hw3.kernels_numpy.convolution import conv2d as conv2d
from needle_hw3.kernels_numpy.convolution import conv2d_input_gradient as conv2d_input_gradient
from needle_hw3.kernels_numpy.convolution import conv2d_weight_gradient as conv2d_weight_gradient
from needle_hw3.kernels_numpy.elementwise import make_kernels as _make_kernels
from needle_hw3.kernels_numpy.elementwise import where as where
from needle_hw3.kernels_numpy.indexing import gather as gather
from needle_hw3.kernels_numpy.indexing import nonzero as nonzero
from needle_hw3.kernels_numpy.indexing import scatter as scatter
from needle_hw3.kernels_numpy.indexing import scatter_add as scatter_add
from needle_hw3.kernels_numpy.indexing import take as take
from needle_hw3.kernels_numpy.indexing import take_along_axis as take_along_axis
from needle_hw3.kernels_numpy.normalization import batch_norm as batch_norm
from needle_hw3.kernels_numpy.normalization import batch_norm_gradient as batch_norm_gradient
from needle_hw3.kernels_numpy.normalization import layer_norm as layer_norm
from needle_hw3.kernels_numpy.normalization import layer_norm_gradient as layer_norm_gradient
from needle_hw3.kernels_numpy.optimizers import adam_steps as adam_steps
from needle_hw3.kernels_numpy.optimizers import sgd_steps as sgd_steps
from needle_hw3.kernels_numpy.pooling import avg_pool2d as avg_pool2d
from needle_hw3.kernels_numpy.pooling import avg_pool2d_gradient as avg_pool2d_gradient
from needle_hw3.kernels_numpy.pooling import max_pool2d as max_pool2d
from needle_hw3.kernels_numpy.pooling import max_pool2d_gather as max_pool2d_gather
from needle_hw3.kernels_numpy.pooling import max_pool2d_gradient as max_pool2d_gradient
from needle_hw3.kernels_numpy.recurrent import lstm_cell as lstm_cell
from needle_hw3.kernels_numpy.recurrent import lstm_cell_gradient as lstm_cell_gradient
from needle_hw3.kernels_numpy.reductions import TILE as TILE
from needle_hw3.kernels_numpy.reductions import all as all
from needle_hw3.kernels_numpy.reductions import any as any
from needle_hw3.kernels_numpy.reductions import argmax as argmax
from needle_hw3.kernels_numpy.reductions import argmin as argmin
from needle_hw3.kernels_numpy.reductions import argsort as argsort
from needle_hw3.kernels_numpy.reductions import cumulative_prod as cumulative_prod
from needle_hw3.kernels_numpy.reductions import cumulative_sum as cumulative_sum
from needle_hw3.kernels_numpy.reductions import matmul as matmul
from needle_hw3.kernels_numpy.reductions import matmul_tiled as matmul_tiled
from needle_hw3.kernels_numpy.reductions import max as max
from needle_hw3.kernels_numpy.reductions import min as min
from needle_hw3.kernels_numpy.reductions import prod as prod
from needle_hw3.kernels_numpy.reductions import sort as sort
from needle_hw3.kernels_numpy.reductions import sum as sum
from needle_hw3.kernels_numpy.runtime import ON_HOST as ON_HOST
from needle_hw3.kernels_numpy.runtime import isa as isa
from needle_hw3.kernels_numpy.runtime import isas as isas
from needle_hw3.kernels_numpy.runtime import memory as memory
from needle_hw3.kernels_numpy.runtime import num_threads as num_threads
from needle_hw3.kernels_numpy.runtime import release_memory as release_memory
from needle_hw3.kernels_numpy.runtime import set_isa as set_isa
from needle_hw3.kernels_numpy.runtime import set_num_threads as set_num_threads
from needle_hw3.kernels_numpy.runtime import synchronize as synchronize
from needle_hw3.kernels_numpy.softmax import log_softmax as log_softmax
from needle_hw3.kernels_numpy.softmax import log_softmax_gradient as log_softmax_gradient
from needle_hw3.kernels_numpy.softmax import logsumexp as logsumexp
from needle_hw3.kernels_numpy.softmax import softmax as softmax
from needle_hw3.kernels_numpy.softmax import softmax_gradient as softmax_gradient
from needle_hw3.kernels_numpy.softmax import softmax_loss as softmax_loss
from needle_hw3.kernels_numpy.softmax import softmax_loss_gradient as softmax_loss_gradient
from needle_hw3.kernels_numpy.view import Buffer as Buffer
from needle_hw3.kernels_numpy.view import View as View
from needle_hw3.kernels_numpy.view import assign as assign
from needle_hw3.kernels_numpy.view import cast as cast
from needle_hw3.kernels_numpy.view import copy as copy
from needle_hw3.kernels_numpy.view import empty as empty
from needle_hw3.kernels_numpy.view import fill as fill
from needle_hw3.kernels_numpy.view import from_numpy as from_numpy
from needle_hw3.kernels_numpy.view import full as full
from needle_hw3.kernels_numpy.view import may_overlap as may_overlap

vars().update(_make_kernels())
