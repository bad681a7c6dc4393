"""Become a program that can't outlive the process which started it: ``leash.py PARENT PROGRAM [ARGUMENT...]``.

The kernel kills it when its parent is gone, however the parent went: killed, crashed, or out of memory. A program of
its own does this because Python must not run code between fork and exec in a process that has threads. Linux alone can
do it; elsewhere the program runs without a leash.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Put on the leash, then become the program."""
    parent, *command = sys.argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != int(parent):
            sys.exit("the parent was gone before the leash was on")
    os.execv(command[0], command)  # noqa: S606 - no shell is wanted


if __name__ == "__main__":
    main()
