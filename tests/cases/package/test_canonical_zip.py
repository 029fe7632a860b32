"""One way to write a zip, and no other is read."""

import io
import stat
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catseye.cases.package.canonical_zip import ZipReading, measure, name_fault, read_zip, write_zip
from catseye.cases.package.errors import PackageError

NAMES = st.from_regex(r"[a-z0-9]{1,6}(/[a-z0-9]{1,6}\.[a-z]{1,3}){0,2}", fullmatch=True)


def written(entries: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    write_zip(file, [(name, content, measure(content)) for name, content in entries.items()])
    return file.getvalue()


def read(data: bytes) -> ZipReading:
    return read_zip(io.BytesIO(data), lambda name, size_bytes: True)


def foreign(fill: dict[str, bytes], **wishes: int) -> bytes:
    """What Python's own zip library writes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", **wishes) as archive:  # type: ignore[call-overload]  # one wish at a time
        for name, content in fill.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def told(data: bytes) -> str:
    reading = read(data)
    assert reading.faults
    return str(reading.faults[0])


@given(st.dictionaries(NAMES, st.binary(max_size=200), max_size=8))
def test_what_was_written_is_read_and_other_zip_tools_read_it_too(entries: dict[str, bytes]) -> None:
    try:
        data = written(entries)
    except PackageError:
        return  # a file where another needs a folder
    reading = read(data)
    assert reading.is_whole and not reading.faults
    assert {name: entry.kept for name, entry in reading.entries.items()} == entries
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        assert {name: archive.read(name) for name in archive.namelist()} == entries


@given(st.dictionaries(NAMES, st.binary(max_size=50), max_size=5), st.randoms(use_true_random=False))
def test_the_order_in_which_entries_come_changes_nothing(entries: dict[str, bytes], chance: object) -> None:
    shuffled = list(entries.items())
    chance.shuffle(shuffled)  # type: ignore[attr-defined]  # random.Random
    try:
        assert written(dict(shuffled)) == written(entries)
    except PackageError:
        return


@given(st.binary(max_size=400))
def test_any_bytes_are_a_reading_or_no_zip(data: bytes) -> None:
    for each in (data, b"PK\x03\x04" + data, data + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 1, 1, 60, len(data) // 2, 0)):
        try:
            reading = read(each)
        except PackageError:
            continue
        assert reading.faults or written({name: entry.kept or b"" for name, entry in reading.entries.items()}) == each


@given(st.dictionaries(NAMES, st.binary(max_size=40), min_size=1, max_size=4), st.data())
def test_no_other_file_is_accepted_than_the_one_canonical_writing(entries: dict[str, bytes], data: st.DataObject) -> None:
    try:
        whole = bytearray(written(entries))
    except PackageError:
        return
    for _ in range(data.draw(st.integers(1, 4))):
        begin = data.draw(st.integers(0, len(whole)))
        whole[begin : begin + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=5))
    try:
        reading = read(bytes(whole))
    except PackageError:
        return
    assert reading.faults or written({name: entry.kept or b"" for name, entry in reading.entries.items()}) == bytes(whole)


@pytest.mark.parametrize(
    "name",
    ["../evil", "a/../../b", "/etc/passwd", "C:/x", "C:x", "a\\b", "a//b", "a/", "./a", "a/.", ".hidden", "a/b.", "", "a\0b", "ä", "a" * 201, "a b", "-a"],
)
def test_a_name_that_could_mean_another_place_is_refused_on_both_sides(name: str) -> None:
    assert name_fault(name)
    with pytest.raises(PackageError):
        written({name: b"x"})
    if name and "\0" not in name:
        assert "name" in told(_with_name(name.encode()))


def _with_name(name: bytes) -> bytes:
    """The canonical zip of one entry, but for what it is called."""
    from catseye.cases.package.canonical_zip import _end, _local, _record  # the writer refuses such names: this is who does not ask it

    header = _local(name, measure(b"x")) + b"x"
    record = _record(name, measure(b"x"), 0)
    return header + record + _end(1, len(record), len(header))


def test_names_that_are_one_where_case_does_not_count_are_refused() -> None:
    with pytest.raises(PackageError, match="the same name"):
        written({"a/B": b"", "a/b": b""})
    with pytest.raises(PackageError, match="needs a folder"):
        written({"a": b"", "a/b": b""})
    file = io.BytesIO()
    with pytest.raises(PackageError, match="the same name"):
        write_zip(file, [("a", b"", measure(b"")), ("a", b"", measure(b""))])


def test_a_symbolic_link_is_told_as_one() -> None:
    info = zipfile.ZipInfo("link")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    data = file.getvalue()
    assert "link" in told(data)
    canonical = bytearray(written({"link": b"/etc/passwd"}))
    at = canonical.index(b"PK\x01\x02") + 38
    canonical[at : at + 4] = struct.pack("<I", info.external_attr)
    assert "of a symbolic link" in told(bytes(canonical))


def test_a_compressed_bomb_is_refused_before_a_byte_of_it_is_unpacked() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb", bytes(50_000_000))
    assert len(file.getvalue()) < 100_000
    reading = read(file.getvalue())
    assert not reading.is_whole and not reading.entries
    canonical = bytearray(written({"bomb": b"x"}))
    for mark, at in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        begin = canonical.index(mark) + at
        changed = bytearray(canonical)
        changed[begin : begin + 2] = struct.pack("<H", 8)
        assert "bomb" in told(bytes(changed)) and "8 (compressed)" in told(bytes(changed))


def test_overlapping_entries_are_refused() -> None:
    """As in a bomb whose entries share one content."""
    from catseye.cases.package.canonical_zip import _end, _local, _record

    header = _local(b"a", measure(b"x")) + b"x"
    records = _record(b"a", measure(b"x"), 0) + _record(b"b", measure(b"x"), 0)
    assert told(header + records + _end(2, len(records), len(header)))


def test_a_duplicate_and_a_disorder_are_told() -> None:
    from catseye.cases.package.canonical_zip import _end, _local, _record

    def of(*names: bytes) -> bytes:
        body, records = b"", b""
        for name in names:
            records += _record(name, measure(b"x"), len(body))
            body += _local(name, measure(b"x")) + b"x"
        return body + records + _end(len(names), len(records), len(body))

    assert "a: twice in the zip" in told(of(b"a", b"a"))
    assert "a: after b in the zip" in told(of(b"b", b"a"))
    assert "same name" in told(of(b"A", b"a"))
    assert "needs a folder" in told(of(b"a", b"a/b"))


def test_a_zip_of_another_tool_is_not_canonical() -> None:
    assert told(foreign({"a": b"x"}))
    assert told(foreign({"b": b"x", "a": b"x"}))
    assert told(foreign({"a": b"x" * 1000}, compression=zipfile.ZIP_DEFLATED))


def test_bytes_hidden_before_between_and_after_are_found() -> None:
    whole = written({"a": b"x", "b": b"y"})
    second, directory = whole.index(b"PK\x03\x04", 4), whole.index(b"PK\x01\x02")
    for at in (0, second, directory, len(whole)):
        assert told(whole[:at] + b"hidden" + whole[at:])
    comment = bytearray(whole + b"hi")
    comment[len(whole) - 2 : len(whole)] = struct.pack("<H", 2)
    assert told(bytes(comment))


def test_what_is_no_zip_is_refused() -> None:
    for data in (b"", b"%PDF-1.7", b"x" * 100_000):
        with pytest.raises(PackageError, match="no zip"):
            read(data)


def test_a_content_that_changes_while_it_is_written_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"before")
    measured = measure(path)
    for changed in (b"after!", b"shorter"[:3], b"much longer than before"):
        path.write_bytes(changed)
        with pytest.raises(PackageError, match="changed while"):
            write_zip(io.BytesIO(), [("a", path, measured)])
