"""How often a process that runs an engine looks for garbage in cycles: seldom, since hardly anything has any."""

import gc
from typing import Final

_THRESHOLD: Final = (400_000, 50, 100)
"""Of objects made and not freed since. As often as Python does it by itself, it costs a third of a replay."""


def collect_seldom() -> None:
    """Leave out what is there already, and look less often through what comes; call it once all is imported."""
    gc.freeze()
    gc.set_threshold(*_THRESHOLD)
