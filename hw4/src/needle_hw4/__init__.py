"""Colour images and text, for networks on the arrays of needle-hw3."""

from needle_hw4 import data as data
