"""Which layout what we keep for ourselves is in, on shelves and on topics: said at the beginning of it."""

from typing import Final

from streams.engines.port import StorageError

LAYOUT: Final = 1
"""Raise it when what is kept or told between partitions changes its shape."""
_HEAD: Final = b"%d " % LAYOUT


def mark(kept: bytes) -> bytes:
    """Return it with the layout that it is in."""
    return _HEAD + kept


def unmark(marked: bytes, what: str) -> bytes:
    """Return what was marked, which is ``what`` to those who are told that it is in another layout.

    Raises:
        StorageError: it is in another layout, or says none.
    """
    if marked.startswith(_HEAD):
        return marked[len(_HEAD) :]
    said, _, _ = marked[:20].partition(b" ")
    other = said.decode() if said.isdigit() else "none"
    msg = (
        f"{what}: written by another version of the monitor (layout {other}, this one has {LAYOUT}); go on with that"
        " version, or name another application with topics of its own and let it read the log anew"
    )
    raise StorageError(msg)
