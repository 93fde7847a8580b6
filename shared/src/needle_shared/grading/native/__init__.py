"""Compiles the C++ of a submission in the sandbox."""
