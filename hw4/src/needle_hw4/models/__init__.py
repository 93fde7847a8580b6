"""Models: a residual network for small images, and language models."""

from needle_hw4.models.language_model import LanguageModel as LanguageModel
from needle_hw4.models.resnet9 import ConvBN as ConvBN
from needle_hw4.models.resnet9 import ResNet9 as ResNet9
