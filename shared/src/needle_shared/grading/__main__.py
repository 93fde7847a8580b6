"""Runs `needle-grade` as a module."""

from needle_shared.grading.cli import main

main(prog_name="needle-grade")
