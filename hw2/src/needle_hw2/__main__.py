"""`python -m needle_hw2`."""

import sys

from needle_hw2.cli import main

sys.exit(main())
