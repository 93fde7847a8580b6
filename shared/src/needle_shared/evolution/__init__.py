r"""The same network trained on every stage, side by side.

`python -m needle_shared.evolution` trains one two-layer network

.. math:: Z = \max(X W_1, 0)\, W_2, \qquad L = \frac1B \sum_i
          \Bigl(\log \sum_j e^{Z_{ij}} - Z_{i y_i}\Bigr)

from the same weights, on the same batches in the same order, on each stage that is installed. A
stage takes part through a *cell*, a small adapter in `cells/`, and every cell runs in a process of
its own on one thread. The command checks that the cells compute the same losses (`agreement` says
how near), prints a table and saves everything as JSON.

What the columns mean:

- *epoch*: seconds of one epoch, the median of repeats that take turns among the cells;
- *training loss*, *test error*: after the last epoch, over all images, by one formula for all;
- *memory*: the most memory the cell's process ever held, in MiB: Python, NumPy, the images and
  the stage;
- *you write*: lines of code of a training epoch and, where the library lacks it, the loss. By
  hand that is forward and backward, with automatic differentiation it is forward only, with layers
  and optimisers it is the network and the loop. For hw0-cpp it is all of the C++: kernels and
  bindings. `lines` says what a line is;
- *library*: lines of code under that, without what you write: those of the modules of our packages
  that the cell has imported. hw0 has none: what is written by hand stands on NumPy, or on C++,
  alone.

A second table has the public names that each stage adds to those of the stages above it, counted
by module; the saved file has all of them. `interface` says what is public.

`--workload text` trains a language model in place of that network, and `--workload images`
ResNet9: `workloads` says what earlier stages have of them. There it is steps that are timed, the
first losses of several trainings are compared, and the lines that you write are those of network
and training. A stage that cannot take part is listed with the reason.

Adding a stage takes one file in `cells/` and one line in `cells.CELLS`; in a workload, in
`workloads` and its `CELLS`. A cell of your own needs no registration:
`--cells hw0-numpy,module:Class`, with `module.py` in the current directory.
"""
