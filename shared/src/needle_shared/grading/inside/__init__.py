"""What runs inside the sandbox, beside a submission: nothing here is believed outside of it.

Only the standard library, NumPy and pytest are imported here, and nothing of this package outside
of this folder, because the sandbox has nothing else.
"""
