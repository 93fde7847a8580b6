"""Runs a command that nobody trusts, so that it reaches nothing and leaves nothing behind.

`find.find_sandbox()` returns the best sandbox of this machine; `interface` says what it can do.
"""
