"""`python -m needle_hw4`."""

import sys

from needle_hw4.cli import main

sys.exit(main())
