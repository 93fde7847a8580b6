"""Optimisers, clipping of gradients, and schedules of learning rates."""

from needle_hw2.optim.adam import Adam as Adam
from needle_hw2.optim.adam import AdamW as AdamW
from needle_hw2.optim.clip import clip_grad_norm as clip_grad_norm
from needle_hw2.optim.clip import clip_grad_value as clip_grad_value
from needle_hw2.optim.optimizer import Optimizer as Optimizer
from needle_hw2.optim.schedule import CosineLR as CosineLR
from needle_hw2.optim.schedule import LinearWarmup as LinearWarmup
from needle_hw2.optim.schedule import Scheduler as Scheduler
from needle_hw2.optim.schedule import StepLR as StepLR
from needle_hw2.optim.sgd import SGD as SGD
