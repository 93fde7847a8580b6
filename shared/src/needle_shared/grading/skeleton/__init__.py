"""Writes what students get: the reference without the bodies of the symbols they write."""
