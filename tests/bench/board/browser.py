"""Somebody who looks at a board in Chromium.

Run by the benchmark as ``python -m tests.bench.board.browser URL``. Says when the board is live, or why there is no
browser, and once it is told to end when each row was in the document first.
"""

import sys
from shutil import which
from typing import Final

from tests.bench.child import say

_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
_WATCH: Final = """
window.rowsSeen = {};
const note = (node) => {
  if (node.nodeType !== Node.ELEMENT_NODE) return;
  for (const row of [node, ...node.querySelectorAll("[id^=row-]")])
    if (row.id.startsWith("row-") && !(row.id in rowsSeen)) rowsSeen[row.id] = Date.now();
};
new MutationObserver((changes) => { for (const change of changes) change.addedNodes.forEach(note); })
  .observe(document, { childList: true, subtree: true });
"""
_READY_MS: Final = 60_000


def main() -> None:
    """Look until nobody wants to know any more."""
    program = next(filter(None, map(which, _PROGRAMS)), None)
    try:
        from playwright.sync_api import sync_playwright  # noqa: PLC0415 - it may be missing
    except ImportError:
        say({"ready": "playwright is not installed: pip install playwright"})
        return
    if program is None:
        say({"ready": f"none of {', '.join(_PROGRAMS)} is on the path"})
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program)
        page = browser.new_page()
        page.add_init_script(_WATCH)
        page.goto(sys.argv[1])
        page.wait_for_selector('#live[data-state="live"]', timeout=_READY_MS)
        say({"ready": None})
        sys.stdin.readline()
        rows = page.evaluate("rowsSeen")
        browser.close()
    say({"saw": {name.removeprefix("row-"): at for name, at in rows.items()}})


if __name__ == "__main__":
    main()
