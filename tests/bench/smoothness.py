"""How smoothly the board runs in a browser: ten thousand contacts of a day behind it, fifty nudges a minute coming.

Run with ``python -m tests.bench.smoothness``. Every other nudge is answered a minute after it came, so that rows go.
Times are by the browser's own clock; ``--slowdown 4`` makes its processor so many times slower, as a phone's is.
"""

import argparse
import shutil
from collections.abc import Sequence
from statistics import median, quantiles
from time import monotonic
from typing import Any, Final

from playwright.sync_api import Page, sync_playwright

from streams.board.viewer import LOCAL
from streams.domain.units import SECOND
from tests.board import Record, answered, at
from tests.boards import Desk, by_proxy
from tests.browser.busy import A_MINUTE, HISTORY, comes_again, history

_BEGINS: Final = at(hours=9.5)
_EVERY_S: Final = 60 / A_MINUTE
_ANSWERED_AFTER: Final = A_MINUTE
_WATCH: Final = """
window.frames_ms = []; window.tasks_ms = []; window.shows_ms = [];
let last = null;
requestAnimationFrame(function frame(now) {
  if (last !== null) frames_ms.push(now - last);
  last = now;
  requestAnimationFrame(frame);
});
new PerformanceObserver((list) => tasks_ms.push(...list.getEntries().map((task) => task.duration)))
  .observe({ type: "longtask" });
const showing = window.show;
window.show = (...given) => {
  const begun = performance.now();
  showing(...given);
  shows_ms.push(performance.now() - begun);
};
"""
_FRAME_MS: Final = 1000 / 60


def main() -> None:
    """Measure, and print it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--slowdown", type=float, default=1.0)
    options = parser.parse_args()
    desk = Desk(records=list(history()), now=_BEGINS)
    path = shutil.which("chromium")
    if path is None:
        parser.exit(1, "there is no chromium; install it (Debian and Ubuntu: apt install chromium)\n")
    with desk.served() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path)
        page = browser.new_page(viewport={"width": 1280, "height": 800}, extra_http_headers=by_proxy(LOCAL))
        page.goto(f"{url}/")
        page.wait_for_selector("#live[data-state=live]")
        page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": options.slowdown})
        page.evaluate(_WATCH)
        came = _come(desk, page, options.seconds)
        measured = page.evaluate("({ frames_ms, tasks_ms, shows_ms })")
        nodes = page.evaluate("document.querySelectorAll('*').length")
        version = browser.version
        browser.close()
    print(f"Chromium {version}, {HISTORY:,} contacts behind, {came} nudges in {options.seconds} s, {nodes:,} elements")
    _print("frames", measured["frames_ms"])
    print(f"    longer than two of 60 Hz: {sum(frame > 2 * _FRAME_MS + 1 for frame in measured['frames_ms'])}")
    _print("changes shown", measured["shows_ms"])
    _print("long tasks (50 ms and more)", measured["tasks_ms"])


def _come(desk: Desk, page: Page, seconds: int) -> int:
    """Have nudges come for some time, and be answered later; return how many came."""
    begun = monotonic()
    nudges: list[Record] = []
    while (passed := monotonic() - begun) < seconds:
        desk.now = _BEGINS + round(passed * SECOND)
        records = comes_again(len(nudges), desk.now)
        nudges.append(records[-1])
        if len(nudges) > _ANSWERED_AFTER and len(nudges) % 2:
            records.append(answered(nudges[-1 - _ANSWERED_AFTER], desk.now))
        desk.tail.coming.put(records)
        page.wait_for_timeout(1000 * max(len(nudges) * _EVERY_S - (monotonic() - begun), 0))
    return len(nudges)


def _print(what: str, times: Sequence[Any]) -> None:
    """Print how many there were, and how long they took, in milliseconds."""
    if len(times) < 2:
        print(f"{what}: {len(times)}" + "".join(f", {time:.0f} ms" for time in times))
        return
    cuts = quantiles(times, n=100, method="inclusive")
    print(
        f"{what}: {len(times):,}; median {median(times):.1f} ms, 95 % {cuts[94]:.1f}, 99 % {cuts[98]:.1f},"
        f" longest {max(times):.1f}"
    )


if __name__ == "__main__":
    main()
