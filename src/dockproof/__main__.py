"""``python -m dockproof``: see :mod:`dockproof.cli`."""

import sys

from dockproof.cli import main

sys.exit(main())
