"""`python -m needle_hw0`."""

import sys

from needle_hw0.cli import main

sys.exit(main())
