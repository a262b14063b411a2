"""Lets the tests of this room import `sim_world` and `sim_scenarios`, which stand beside them."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
