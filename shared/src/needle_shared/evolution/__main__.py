"""`python -m needle_shared.evolution`."""

import sys

try:
    from needle_shared.evolution.cli import main
except ModuleNotFoundError as error:
    if error.name != "rich":
        raise
    sys.exit("The comparison needs rich: pip install 'needle-shared[compare]'")

if __name__ == "__main__":
    sys.exit(main())
