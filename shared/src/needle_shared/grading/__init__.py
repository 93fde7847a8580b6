"""Hands out the assignments of the stages and grades submissions that nobody trusts."""
