"""A shelf keeps what was put on it, whole or not at all, with how far it goes; one process at a time has the folder."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from streams.engines.kafka.shelf import Memory, Place, Shelf, Write
from streams.engines.kafka.shelves import Shelves
from streams.engines.port import StorageError
from tests.processes import PROMPTLY_S

ROOT = Path(__file__).parents[2]
MEMORY = Memory(1 << 20, 1 << 20)
LAST = 99


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with closing(Shelf(tmp_path / "0", MEMORY)) as opened:
        yield opened


def shelves_in(folder: Path) -> Shelves:
    return Shelves(folder, MEMORY, "state", "ledger")


def all_of(shelf: Shelf) -> list[tuple[bytes, bytes]]:
    return list(shelf.between(b"", b"\xff"))


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def write_and_be_killed(path: Path) -> None:
    """Write all values again and again, each time with the next place, in a process that ends in the middle of it."""
    code = f"""
import os
from pathlib import Path
from streams.engines.kafka.shelf import Memory, Place, Shelf
shelf = Shelf(Path({str(path)!r}), Memory(1 << 20, 1 << 20))
for n in range(1, {LAST} + 1):
    shelf.write([(b"%d" % key, b"%d" % n) for key in range(50)], [Place("state", n)])
os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=PROMPTLY_S)  # noqa: S603 - our own


def whole_write(path: Path) -> int:
    """The place of a shelf, having seen that all values are those that were written with it."""
    with closing(Shelf(path, MEMORY)) as shelf:
        place = shelf.place("state")
        assert place is not None
        assert {shelf.get(b"%d" % key) for key in range(50)} == {b"%d" % place}
        return place


# -- one shelf --------------------------------------------------------------------------------------------------------


def test_what_was_put_on_a_shelf_is_there_the_next_time(tmp_path: Path) -> None:
    with closing(Shelf(tmp_path / "0", MEMORY)) as shelf:
        shelf.write([(b"a", b"1"), (b"b", b"2")], [Place("state", 7)])
    with closing(Shelf(tmp_path / "0", MEMORY)) as shelf:
        assert (shelf.get(b"a"), shelf.get(b"b"), shelf.place("state")) == (b"1", b"2", 7)


def test_a_process_that_was_killed_leaves_all_that_it_wrote(tmp_path: Path) -> None:
    write_and_be_killed(tmp_path / "0")
    assert whole_write(tmp_path / "0") == LAST


def test_a_log_that_breaks_off_takes_the_shelf_back_to_an_earlier_whole_write(tmp_path: Path) -> None:
    write_and_be_killed(tmp_path / "0")
    [log] = (tmp_path / "0").glob("*.log")
    log.write_bytes(log.read_bytes()[: log.stat().st_size // 2])
    assert 1 < whole_write(tmp_path / "0") < LAST


def test_values_are_written_deleted_and_found_together_with_their_place(shelf: Shelf) -> None:
    shelf.write([(b"a", b"1"), (b"b", b"2")], [Place("state", 2), Place("ledger", 5)])
    shelf.write([(b"a", None), (b"b", b"3"), (b"c", b"")], [Place("state", 5)])
    assert [shelf.get(key) for key in (b"a", b"b", b"c", b"d")] == [None, b"3", b"", None]
    assert (shelf.place("state"), shelf.place("ledger"), shelf.place("other")) == (5, 5, None)


def test_the_last_of_several_values_of_a_key_counts(shelf: Shelf) -> None:
    shelf.write([(b"a", b"1"), (b"a", None), (b"b", None), (b"b", b"2")], [])
    assert all_of(shelf) == [(b"b", b"2")]


def test_a_write_that_fails_on_the_way_changes_nothing(shelf: Shelf) -> None:
    def writes() -> Iterator[Write]:
        yield b"a", b"1"
        raise LookupError

    with pytest.raises(LookupError):
        shelf.write(writes(), [Place("state", 1)])
    assert (shelf.get(b"a"), shelf.place("state")) == (None, None)


def test_many_values_come_in_the_order_in_which_they_were_asked_for(shelf: Shelf) -> None:
    shelf.write([(b"%03d" % n, b"%d" % n) for n in range(100)], [])
    asked = [b"050", b"none", b"003", b"099", b"003"]
    assert shelf.get_many(asked) == [b"50", None, b"3", b"99", b"3"]
    assert shelf.get_many([]) == []


def test_a_range_has_its_start_and_not_its_end_in_the_order_of_bytes(shelf: Shelf) -> None:
    keys = [b"a", b"a\x00", b"a\xff", b"b", b"ba", b"c"]
    shelf.write([(key, b"") for key in reversed(keys)], [])
    assert [key for key, _ in shelf.between(b"a\x00", b"c")] == keys[1:5]
    assert list(shelf.between(b"x", b"z")) == []


def test_a_range_tells_what_there_was_when_it_began(shelf: Shelf) -> None:
    shelf.write([(b"%d" % n, b"") for n in range(5)], [])
    going = shelf.between(b"", b"\xff")
    first = next(going)
    shelf.write([(b"%d" % n, None) for n in range(5)], [])
    assert [first, *going] == [(b"%d" % n, b"") for n in range(5)]


def test_places_are_no_values_of_a_state(shelf: Shelf) -> None:
    shelf.write([], [Place("state", 1)])
    assert list(shelf.between(b"a", b"z")) == []


def test_a_file_in_the_place_of_a_shelf_is_told(tmp_path: Path) -> None:
    (tmp_path / "0").touch()
    with pytest.raises(StorageError, match=str(tmp_path / "0")):
        Shelf(tmp_path / "0", MEMORY)


@pytest.mark.parametrize("spoil", [lambda _: b"", lambda raw: raw[: len(raw) // 2], lambda raw: b"\x55" * len(raw)])
@pytest.mark.parametrize("which", ["*.sst", "MANIFEST-*", "CURRENT"])
def test_a_damaged_shelf_is_told_with_what_to_do(which: str, spoil: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path = tmp_path / "0"
    with closing(Shelf(path, MEMORY)) as shelf:
        shelf.write([(b"%d" % n, b"%d" % n) for n in range(1000)], [Place("state", 1000)])
    for _ in range(2):  # what was written is in a file of its own once the shelf was opened again
        with closing(Shelf(path, MEMORY)) as shelf:
            shelf.write([], [])
    damaged = [*path.glob(which)]
    assert damaged
    for file in damaged:
        file.write_bytes(spoil(file.read_bytes()))
    with pytest.raises(StorageError, match=f"{path}.*remove this folder"), closing(Shelf(path, MEMORY)) as shelf:
        all_of(shelf)


# -- the shelves of a worker ------------------------------------------------------------------------------------------


def test_what_a_changelog_says_is_what_was_written(tmp_path: Path) -> None:
    with closing(shelves_in(tmp_path / "one")) as one, closing(shelves_in(tmp_path / "two")) as two:
        state: list[Write] = [(b"a", b"1"), (b"b", b"2"), (b"b", None)]
        ledger: list[Write] = [(b"a", b"3"), (b"c", b"4")]
        one.write(3, state, ledger, [Place("ledger", 2), Place("state", 4)])
        two.follow("state", 3, state[:2], 2)
        two.follow("ledger", 3, ledger, 2)
        two.follow("state", 3, state[1:], 4)  # the last record again, as Faust has it
        assert all_of(two[3]) == all_of(one[3])
        assert [two.place(topic, 3) for topic in ("state", "ledger")] == [4, 2]


def test_a_shelf_is_opened_when_it_is_asked_for_and_closed_when_it_is_others(tmp_path: Path) -> None:
    with closing(shelves_in(tmp_path)) as shelves:
        for partition in range(3):
            shelves.write(partition, [(b"a", b"%d" % partition)], [], [Place("state", 1)])
        assert sorted(shelves) == [0, 1, 2]
        shelves.keep([1, 7])
        assert list(shelves) == [1]
        assert shelves[2].get(b"a") == b"2"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what is open")
def test_what_was_open_is_closed(tmp_path: Path) -> None:
    with closing(shelves_in(tmp_path)) as shelves:
        shelves.write(0, [(b"a", b"1")], [], [])
    before = open_files()
    with closing(shelves_in(tmp_path)) as shelves:
        for partition in range(4):
            shelves.write(partition, [(b"a", b"1")], [], [])
            assert all_of(shelves[partition])
        opened = open_files()
        shelves.keep([])
        assert open_files() == before + 1, "the lock is left"
    assert open_files() == before < opened


def test_a_second_worker_in_the_folder_is_told_and_the_first_goes_on(tmp_path: Path) -> None:
    with closing(shelves_in(tmp_path)) as shelves:
        with pytest.raises(StorageError, match=f"{tmp_path}: another worker runs on this folder.*--state"):
            shelves_in(tmp_path)
        shelves.write(0, [(b"a", b"1")], [], [])
    with closing(shelves_in(tmp_path)) as shelves:
        assert shelves[0].get(b"a") == b"1"


def test_a_second_process_in_the_folder_is_told(tmp_path: Path) -> None:
    opening = """
import sys
from pathlib import Path
from streams.engines.kafka.shelf import Memory
from streams.engines.kafka.shelves import Shelves
Shelves(Path(sys.argv[1]), Memory(1 << 20, 1 << 20), "state", "ledger")
"""
    with closing(shelves_in(tmp_path)):
        command = [sys.executable, "-c", opening, str(tmp_path)]
        run = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, timeout=PROMPTLY_S)  # noqa: S603
    assert run.returncode
    assert run.stderr.decode().splitlines()[-1].endswith("give each its own with --state")


@pytest.mark.parametrize("restarts", [False, True])
@pytest.mark.parametrize(("days", "is_kept"), [(5, True), (7, False)])
def test_a_shelf_that_may_have_missed_deletions_is_made_again(
    tmp_path: Path, days: int, *, is_kept: bool, restarts: bool
) -> None:
    """Also that of a partition which comes back to a process that has run all the time."""
    shelves = shelves_in(tmp_path)
    shelves.follow("state", 3, [(b"key", b"value")], 8)
    shelves.keep(())
    if restarts:
        shelves.close()
    for file in (tmp_path / "3").iterdir():
        os.utime(file, (time.time() - days * 86_400,) * 2)
    with closing(shelves_in(tmp_path) if restarts else shelves) as later:
        assert later.place("state", 3) == (8 if is_kept else None)
        assert later[3].get(b"key") == (b"value" if is_kept else None)


def test_a_shelf_that_another_process_has_is_told(tmp_path: Path) -> None:
    with (
        closing(Shelf(tmp_path / "0", MEMORY)),
        pytest.raises(StorageError, match=f"{tmp_path / '0'}.*give each its own with --state"),
    ):
        Shelf(tmp_path / "0", MEMORY)


def test_a_file_in_the_place_of_the_folder_is_told_with_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "state").touch()
    with pytest.raises(StorageError, match=r"state: .*name another with --state"):
        shelves_in(tmp_path / "state")
