"""The results of grading, and everything that is made of them."""
