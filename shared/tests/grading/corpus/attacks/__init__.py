"""What students have done to graders, and what we would try.

`inside` code is met by the checks that multiply matrices; `at_import` code by all.
"""

from __future__ import annotations

from attacks.beside import ANY, HARMLESS
from attacks.breaks import BREAKS, LOOPS
from attacks.lies import LIES
from attacks.readers import READERS

ATTACKS = [*LIES, *BREAKS, *HARMLESS, *LOOPS, *READERS, *ANY]
