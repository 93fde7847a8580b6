"""What checks expect, in NumPy: where more than one file of checks expects it."""


def replaced(x, index, value):
    """Return `x` after ``x[index] = value``."""
    result = x.copy()
    result[index] = value
    return result
