"""Reads what students hand in: nothing of it is executed, and nothing that it says is trusted."""
