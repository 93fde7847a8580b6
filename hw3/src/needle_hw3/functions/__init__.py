"""The functions of the array API standard, one file for each of its sections."""
