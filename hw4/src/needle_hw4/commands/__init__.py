"""The commands of `python -m needle_hw4`: each has its options, and what is done with them."""
