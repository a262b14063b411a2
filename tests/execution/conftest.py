"""Lets the tests of this room import `scripted_venue` and `execution_cases`, which stand beside them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
