"""Files of records: every line comes out, whatever it is packed in, and whatever lies beside it."""

import gzip
import io
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.contracts.decode import MAX_BYTES, BadRecord, Reason, decode
from streams.sources.detect import Format, open_source
from streams.sources.files import LineFile, Record, SourceError
from streams.sources.servicenow import ServiceNowLog

LINES = [b'{"n": 1}', b'{"n": 2}', b'{"n": 3}']
TEXT = b"\n".join(LINES) + b"\n"
EXPECTED = [Record(line, n) for n, line in enumerate(LINES, start=1)]


def zipped(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def read(path: Path, limit: int = MAX_BYTES) -> list[Record]:
    with LineFile(str(path), limit) as lines:
        return list(lines)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "records"


@pytest.mark.parametrize("content", [TEXT, gzip.compress(TEXT), zipped(log=TEXT)], ids=["plain", "gzip", "zip"])
def test_a_file_is_unpacked_by_what_it_holds_and_not_by_its_name(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert read(path) == EXPECTED


def test_several_gzip_files_in_a_row_are_one(path: Path) -> None:
    path.write_bytes(b"".join(gzip.compress(line + b"\n") for line in LINES))
    assert read(path) == EXPECTED


def test_the_last_line_needs_no_newline(path: Path) -> None:
    path.write_bytes(TEXT.rstrip())
    assert read(path) == EXPECTED


def test_a_byte_order_mark_and_carriage_returns_are_not_part_of_any_line(path: Path) -> None:
    path.write_bytes(b"\xef\xbb\xbf" + TEXT.replace(b"\n", b"\r\n"))
    assert read(path) == EXPECTED


def test_blank_lines_are_skipped_but_counted_so_that_a_position_is_a_line_number(path: Path) -> None:
    path.write_bytes(b"\n  \r\na\n\nb")
    assert read(path) == [Record(b"a", 3), Record(b"b", 5)]


def test_what_is_not_utf8_passes_as_it_is(path: Path) -> None:
    path.write_bytes(b"\xff\x00\xfe\n")
    assert read(path) == [Record(b"\xff\x00\xfe", 1)]


def test_an_empty_file_has_no_records(path: Path) -> None:
    path.write_bytes(b"")
    assert read(path) == []


def test_a_line_that_is_too_long_is_cut_and_refused_as_too_large_and_the_next_one_is_read(path: Path) -> None:
    path.write_bytes(b"x" * (3 * MAX_BYTES + 5) + b"\n" + TEXT)
    cut, *rest = read(path)
    assert cut.raw == b"x" * MAX_BYTES + b" [cut off: line 1 has %d bytes]" % (3 * MAX_BYTES + 5)
    with pytest.raises(BadRecord) as refusal:
        decode(cut.raw, 0)
    assert refusal.value.reason is Reason.TOO_LARGE
    assert rest == [Record(line, n) for n, line in enumerate(LINES, start=2)]


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b""])
def test_a_line_of_just_the_limit_is_whole(path: Path, end: bytes) -> None:
    path.write_bytes(b"12345678" + end)
    assert read(path, limit=8) == [Record(b"12345678", 1)]


@given(
    lines=st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"").replace(b"\r", b"")), max_size=12),
    limit=st.integers(1, 20),
    packed=st.booleans(),
)
def test_every_line_that_is_not_blank_gives_one_record_at_any_limit(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes], limit: int, *, packed: bool
) -> None:
    lines = [b"first", *lines]
    path = tmp_path_factory.mktemp("lines") / "file"
    text = b"\n".join(lines) + b"\n"
    path.write_bytes(gzip.compress(text) if packed else text)
    blank = [not line.strip() and len(line) < limit + 2 for line in lines]
    numbered = {n: line for n, line in enumerate(lines, start=1) if not blank[n - 1]}
    records = read(path, limit)
    assert [record.position for record in records] == list(numbered)
    for record in records:
        line = numbered[record.position]
        assert record.raw == line if len(line) <= limit else len(record.raw) > limit
        assert record.raw.startswith(line[:limit])


@pytest.fixture
def many() -> list[bytes]:
    random = Random(1)
    return [b'{"event_id": "%016x"}' % random.getrandbits(64) for _ in range(2_000)]


def read_until_it_breaks(path: Path) -> tuple[list[bytes], str]:
    good: list[bytes] = []
    with LineFile(str(path)) as lines, pytest.raises(SourceError) as error:
        good.extend(record.raw for record in lines)
    return good, str(error.value)


@pytest.mark.parametrize("left", [5, 30, 10_000, -9, -1])
def test_a_gzip_file_that_is_cut_off_gives_its_good_lines_and_then_says_where_it_ends(
    path: Path, many: list[bytes], left: int
) -> None:
    content = gzip.compress(b"\n".join(many) + b"\n")[:left]
    path.write_bytes(content)
    good, error = read_until_it_breaks(path)
    assert good == many[: len(good)]
    assert f"{path}: can't be read beyond byte {len(content)} " in error
    assert f"the {len(good)} lines before" in error


def test_hardly_a_line_is_lost_where_a_gzip_file_is_cut_off(path: Path, many: list[bytes]) -> None:
    path.write_bytes(gzip.compress(b"\n".join(many) + b"\n")[:-1])
    assert read_until_it_breaks(path)[0] == many


@pytest.mark.parametrize("packed", ["gzip", "zip"])
def test_a_damaged_file_gives_no_line_that_was_never_in_it_unsaid(path: Path, many: list[bytes], packed: str) -> None:
    text = b"\n".join(many) + b"\n"
    content = bytearray(gzip.compress(text) if packed == "gzip" else zipped(log=text))
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(content)
    assert "can't be read beyond byte" in read_until_it_breaks(path)[1]


def test_a_zip_of_several_files_is_refused_by_their_names(path: Path) -> None:
    path.write_bytes(zipped(a=TEXT, b=TEXT))
    with pytest.raises(SourceError, match=r"holds 2 files \(a, b\)"):
        LineFile(str(path))


def test_a_zip_that_is_cut_off_is_refused(path: Path) -> None:
    path.write_bytes(zipped(log=TEXT)[:-30])
    with pytest.raises(SourceError, match="can't be read beyond byte"):
        LineFile(str(path))


def test_what_can_not_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"nowhere: can't be opened \(No such file or directory\)"):
        LineFile(str(tmp_path / "nowhere"))
    with pytest.raises(SourceError, match=r"can't be opened \(Is a directory\)"):
        LineFile(str(tmp_path))


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.FileIO]:
    """Give the writing end of a pipe that is the standard input."""
    reading, writing = os.pipe()
    with os.fdopen(reading) as pipe, io.FileIO(writing, "w") as end:
        monkeypatch.setattr(sys, "stdin", pipe)
        yield end


@pytest.mark.parametrize("content", [TEXT, gzip.compress(TEXT), zipped(log=TEXT)], ids=["plain", "gzip", "zip"])
def test_the_standard_input_is_a_file_of_unknown_size(stdin: io.FileIO, content: bytes) -> None:
    stdin.write(content)
    stdin.close()
    with open_source("-") as source:
        assert list(source) == EXPECTED
        assert source.total_bytes is None


def test_a_line_of_the_standard_input_is_read_before_the_next_one_is_written(stdin: io.FileIO) -> None:
    stdin.write(b"a\n")
    with open_source("-") as source:
        records = iter(source)
        assert next(records).raw == b"a"
        stdin.write(b"b\n")
        assert next(records).raw == b"b"
        assert source.bytes_read == 4


@pytest.mark.parametrize("content", [TEXT, gzip.compress(TEXT), zipped(log=TEXT)], ids=["plain", "gzip", "zip"])
def test_at_the_end_all_bytes_were_read(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with LineFile(str(path)) as lines:
        assert lines.total_bytes == len(content)
        assert list(lines)
        assert lines.bytes_read == len(content)


def test_looking_at_the_first_record_takes_nothing(path: Path) -> None:
    path.write_bytes(TEXT)
    with LineFile(str(path)) as lines:
        assert lines.peek() == lines.peek() == EXPECTED[0]
        assert list(lines) == EXPECTED


@pytest.mark.parametrize(
    ("first", "found"),
    [
        (b'{"type": "clock.tick", "incident_state": 1,"sys_updated_at":2}', LineFile),
        (b"", LineFile),
        (b"no header, no event", LineFile),
        (b"number,incident_state,sys_updated_at", ServiceNowLog),
        (b'"number","incident_state"', ServiceNowLog),
    ],
)
def test_a_format_is_known_by_the_first_line(path: Path, first: bytes, found: type) -> None:
    path.write_bytes(b"\n" + first + b"\n" + TEXT)
    with open_source(str(path)) as source:
        assert type(source) is found


def test_a_format_that_is_said_is_not_guessed(path: Path) -> None:
    path.write_bytes(b"number,incident_state\n1,2\n")
    with open_source(str(path), Format.EVENTS) as source:
        assert [record.raw for record in source] == [b"number,incident_state", b"1,2"]


def test_a_file_that_is_cut_off_in_its_first_line_is_refused_when_it_is_opened(path: Path) -> None:
    path.write_bytes(gzip.compress(TEXT)[:12])
    with pytest.raises(SourceError, match="can't be read beyond byte 12"):
        open_source(str(path))
