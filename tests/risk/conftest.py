"""Lets the tests of this room import `risk_cases`, which stands beside them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
