"""The commands of `needle-grade`, one file each."""
