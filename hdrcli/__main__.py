"""`python -m hdrcli` is `hdrcli`."""

from __future__ import annotations

import sys

from hdrcli.cli.app import main

sys.exit(main())
