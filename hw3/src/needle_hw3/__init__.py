"""Arrays on several devices, with the functions of the Python array API standard.

This module is the namespace that `NDArray.__array_namespace__()` returns. It follows version
2021.12 of the standard, the last one without complex numbers, and has the functions of later
versions that make sense for real numbers.
"""

import math

from needle_hw3 import backend_ndarray as backend_ndarray
from needle_hw3 import neural as neural
from needle_hw3 import random as random
from needle_hw3.device import BackendDevice as BackendDevice
from needle_hw3.device import all_devices as all_devices
from needle_hw3.device import cpu as cpu
from needle_hw3.device import cpu_numpy as cpu_numpy
from needle_hw3.device import cuda as cuda
from needle_hw3.device import default_device as default_device
from needle_hw3.dtypes import bool_ as bool  # noqa: F401
from needle_hw3.dtypes import float32 as float32
from needle_hw3.dtypes import float64 as float64
from needle_hw3.dtypes import int32 as int32
from needle_hw3.dtypes import int64 as int64
from needle_hw3.dtypes import uint8 as uint8
from needle_hw3.functions.creation import arange as arange
from needle_hw3.functions.creation import asarray as asarray
from needle_hw3.functions.creation import empty as empty
from needle_hw3.functions.creation import empty_like as empty_like
from needle_hw3.functions.creation import eye as eye
from needle_hw3.functions.creation import from_dlpack as from_dlpack
from needle_hw3.functions.creation import full as full
from needle_hw3.functions.creation import full_like as full_like
from needle_hw3.functions.creation import linspace as linspace
from needle_hw3.functions.creation import meshgrid as meshgrid
from needle_hw3.functions.creation import ones as ones
from needle_hw3.functions.creation import ones_like as ones_like
from needle_hw3.functions.creation import tril as tril
from needle_hw3.functions.creation import triu as triu
from needle_hw3.functions.creation import zeros as zeros
from needle_hw3.functions.creation import zeros_like as zeros_like
from needle_hw3.functions.data_types import astype as astype
from needle_hw3.functions.data_types import broadcast_arrays as broadcast_arrays
from needle_hw3.functions.data_types import broadcast_shapes as broadcast_shapes
from needle_hw3.functions.data_types import broadcast_to as broadcast_to
from needle_hw3.functions.data_types import can_cast as can_cast
from needle_hw3.functions.data_types import finfo as finfo
from needle_hw3.functions.data_types import iinfo as iinfo
from needle_hw3.functions.data_types import isdtype as isdtype
from needle_hw3.functions.data_types import result_type as result_type
from needle_hw3.functions.elementwise import abs as abs
from needle_hw3.functions.elementwise import acos as acos
from needle_hw3.functions.elementwise import acosh as acosh
from needle_hw3.functions.elementwise import add as add
from needle_hw3.functions.elementwise import asin as asin
from needle_hw3.functions.elementwise import asinh as asinh
from needle_hw3.functions.elementwise import atan as atan
from needle_hw3.functions.elementwise import atan2 as atan2
from needle_hw3.functions.elementwise import atanh as atanh
from needle_hw3.functions.elementwise import bitwise_and as bitwise_and
from needle_hw3.functions.elementwise import bitwise_invert as bitwise_invert
from needle_hw3.functions.elementwise import bitwise_left_shift as bitwise_left_shift
from needle_hw3.functions.elementwise import bitwise_or as bitwise_or
from needle_hw3.functions.elementwise import bitwise_right_shift as bitwise_right_shift
from needle_hw3.functions.elementwise import bitwise_xor as bitwise_xor
from needle_hw3.functions.elementwise import ceil as ceil
from needle_hw3.functions.elementwise import clip as clip
from needle_hw3.functions.elementwise import copysign as copysign
from needle_hw3.functions.elementwise import cos as cos
from needle_hw3.functions.elementwise import cosh as cosh
from needle_hw3.functions.elementwise import divide as divide
from needle_hw3.functions.elementwise import equal as equal
from needle_hw3.functions.elementwise import exp as exp
from needle_hw3.functions.elementwise import expm1 as expm1
from needle_hw3.functions.elementwise import floor as floor
from needle_hw3.functions.elementwise import floor_divide as floor_divide
from needle_hw3.functions.elementwise import greater as greater
from needle_hw3.functions.elementwise import greater_equal as greater_equal
from needle_hw3.functions.elementwise import hypot as hypot
from needle_hw3.functions.elementwise import isfinite as isfinite
from needle_hw3.functions.elementwise import isinf as isinf
from needle_hw3.functions.elementwise import isnan as isnan
from needle_hw3.functions.elementwise import less as less
from needle_hw3.functions.elementwise import less_equal as less_equal
from needle_hw3.functions.elementwise import log as log
from needle_hw3.functions.elementwise import log1p as log1p
from needle_hw3.functions.elementwise import log2 as log2
from needle_hw3.functions.elementwise import log10 as log10
from needle_hw3.functions.elementwise import logaddexp as logaddexp
from needle_hw3.functions.elementwise import logical_and as logical_and
from needle_hw3.functions.elementwise import logical_not as logical_not
from needle_hw3.functions.elementwise import logical_or as logical_or
from needle_hw3.functions.elementwise import logical_xor as logical_xor
from needle_hw3.functions.elementwise import maximum as maximum
from needle_hw3.functions.elementwise import minimum as minimum
from needle_hw3.functions.elementwise import multiply as multiply
from needle_hw3.functions.elementwise import negative as negative
from needle_hw3.functions.elementwise import nextafter as nextafter
from needle_hw3.functions.elementwise import not_equal as not_equal
from needle_hw3.functions.elementwise import positive as positive
from needle_hw3.functions.elementwise import pow as pow
from needle_hw3.functions.elementwise import reciprocal as reciprocal
from needle_hw3.functions.elementwise import remainder as remainder
from needle_hw3.functions.elementwise import round as round
from needle_hw3.functions.elementwise import sign as sign
from needle_hw3.functions.elementwise import signbit as signbit
from needle_hw3.functions.elementwise import sin as sin
from needle_hw3.functions.elementwise import sinh as sinh
from needle_hw3.functions.elementwise import sqrt as sqrt
from needle_hw3.functions.elementwise import square as square
from needle_hw3.functions.elementwise import subtract as subtract
from needle_hw3.functions.elementwise import tan as tan
from needle_hw3.functions.elementwise import tanh as tanh
from needle_hw3.functions.elementwise import trunc as trunc
from needle_hw3.functions.elementwise import where as where
from needle_hw3.functions.indexing import take as take
from needle_hw3.functions.indexing import take_along_axis as take_along_axis
from needle_hw3.functions.inspection import __array_namespace_info__ as __array_namespace_info__
from needle_hw3.functions.linalg import matmul as matmul
from needle_hw3.functions.linalg import matrix_transpose as matrix_transpose
from needle_hw3.functions.linalg import tensordot as tensordot
from needle_hw3.functions.linalg import vecdot as vecdot
from needle_hw3.functions.manipulation import concat as concat
from needle_hw3.functions.manipulation import expand_dims as expand_dims
from needle_hw3.functions.manipulation import flip as flip
from needle_hw3.functions.manipulation import moveaxis as moveaxis
from needle_hw3.functions.manipulation import pad as pad
from needle_hw3.functions.manipulation import permute_dims as permute_dims
from needle_hw3.functions.manipulation import repeat as repeat
from needle_hw3.functions.manipulation import reshape as reshape
from needle_hw3.functions.manipulation import roll as roll
from needle_hw3.functions.manipulation import split as split
from needle_hw3.functions.manipulation import squeeze as squeeze
from needle_hw3.functions.manipulation import stack as stack
from needle_hw3.functions.manipulation import tile as tile
from needle_hw3.functions.manipulation import unstack as unstack
from needle_hw3.functions.searching import argmax as argmax
from needle_hw3.functions.searching import argmin as argmin
from needle_hw3.functions.searching import count_nonzero as count_nonzero
from needle_hw3.functions.searching import nonzero as nonzero
from needle_hw3.functions.searching import searchsorted as searchsorted
from needle_hw3.functions.sets import unique_all as unique_all
from needle_hw3.functions.sets import unique_counts as unique_counts
from needle_hw3.functions.sets import unique_inverse as unique_inverse
from needle_hw3.functions.sets import unique_values as unique_values
from needle_hw3.functions.sorting import argsort as argsort
from needle_hw3.functions.sorting import sort as sort
from needle_hw3.functions.statistical import cumulative_prod as cumulative_prod
from needle_hw3.functions.statistical import cumulative_sum as cumulative_sum
from needle_hw3.functions.statistical import max as max
from needle_hw3.functions.statistical import mean as mean
from needle_hw3.functions.statistical import min as min
from needle_hw3.functions.statistical import prod as prod
from needle_hw3.functions.statistical import std as std
from needle_hw3.functions.statistical import sum as sum
from needle_hw3.functions.statistical import var as var
from needle_hw3.functions.utility import all as all
from needle_hw3.functions.utility import any as any
from needle_hw3.functions.utility import diff as diff
from needle_hw3.ndarray import NDArray as NDArray
from needle_hw3.runtime import memory as memory
from needle_hw3.runtime import num_threads as num_threads
from needle_hw3.runtime import release_memory as release_memory
from needle_hw3.runtime import set_num_threads as set_num_threads
from needle_hw3.runtime import synchronize as synchronize

__array_api_version__ = "2021.12"

e = math.e
inf = math.inf
nan = math.nan
newaxis = None
pi = math.pi
