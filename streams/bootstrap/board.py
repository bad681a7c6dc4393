"""Puts the board together from the settings; beside :mod:`streams.bootstrap`, whose own parts do without it."""

import secrets
from collections.abc import Callable
from typing import Final

from streams.board.access.config import AccessConfig
from streams.board.actions import Append
from streams.board.app import Board, Log
from streams.board.model import Centre, Goal
from streams.board.tail import Tail
from streams.bootstrap import wall_clock
from streams.domain.units import Millis
from streams.engines.port import StorageError
from streams.settings import Settings

_KEY_BYTES: Final = 32
_USUAL_WINDOW: Final = "7d"


def make_board(
    settings: Settings,
    tail: Tail,
    append: Append,
    *,
    access: AccessConfig,
    now: Callable[[], Millis] = wall_clock,
) -> Board:
    """Return a board over what a tail reads, whose actions are appended to a log, behind an entrance.

    Without a salt in the settings, the hashes that stand for ids last as long as the process.

    Raises:
        AccessError: nobody can get in like that.
    """
    salt = settings.secrets.exemplar_salt
    key = secrets.token_bytes(_KEY_BYTES) if salt is None else salt.get_secret_value().encode()
    log = Log(append, StorageError)
    return Board(make_centre(settings), tail, log, now=now, key=key, access=access, wall_clock=wall_clock)


def make_centre(settings: Settings) -> Centre:
    """Return what the contact centre wants, in so far as the board goes by it."""
    monitor = settings.monitor
    usual = monitor.objectives
    windows = {window.name: window for window in monitor.windows}
    return Centre(
        monitor.windows,
        usual.window or windows.get(_USUAL_WINDOW, monitor.windows[-1]),
        monitor.lateness,
        monitor.detection.time_zone,
        Goal(usual.service_level, usual.failure),
        {
            name: Goal(queue.service_level or usual.service_level, queue.failure or usual.failure)
            for name, queue in monitor.queues.items()
        },
    )
