"""What all stages share: test utilities, data sets, course compatibility, the comparison.

Stages are named here by strings only, and imported when they are used.
"""
