"""Checks the checks of a stage: whether they notice what is wrong, and only that."""
