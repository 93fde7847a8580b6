from needle_shared.grading.local import judge, stage

__all__ = ["judge", "stage"]
