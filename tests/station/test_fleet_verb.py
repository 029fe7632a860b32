"""`catseye fleet decode`: an answer a line, whatever the line, and each at once."""

import io
import json
import subprocess
import sys

from catseye.fleet.frame808 import Frame, Header
from catseye.station.verbs.fleet import decode_lines

BODY = bytes.fromhex("000000000000000201d59c1c06a36599006e0000000021091719313901040000eb88")
FRAME = bytes(Frame(Header.of(0x0200, "015866666058", 1393), BODY)).hex()


def answers(text: bytes, *, explain: bool = False, as_json: bool = True) -> tuple[int, list[str]]:
    told = io.StringIO()
    code = decode_lines(explain=explain, as_json=as_json, source=io.BytesIO(text), target=told)
    return code, told.getvalue().splitlines()


def test_a_bad_line_never_stops_it_and_is_told_by_the_exit_code() -> None:
    code, lines = answers(f"nonsense\n\n{FRAME}\n".encode())
    assert code == 1
    assert [json.loads(line)["ok"] for line in lines] == [False, True]


def test_good_lines_alone_are_fine() -> None:
    code, lines = answers(f"{FRAME}\r\n{json.dumps({'hex': BODY.hex(), 'kind': 'body808', 'msg_id': '0x0200'})}".encode())
    assert code == 0
    assert [json.loads(line)["body"]["lat"] for line in lines] == [30776348, 30776348]


def test_bytes_that_are_no_text_are_a_bad_line() -> None:
    code, lines = answers(b"\xff\xfe\x00\n" + b'{"hex": "\\ud800"}\n')
    assert code == 1
    assert [json.loads(line)["error"]["kind"] for line in lines] == ["line", "line"]


def test_a_line_without_end_is_refused_and_the_next_one_read() -> None:
    _, lines = answers(b"7e" * 3_000_000 + b"\n" + FRAME.encode() + b"\n")
    assert [json.loads(line)["ok"] for line in lines] == [False, True]


def test_an_explanation_names_offset_bytes_and_unit() -> None:
    _, lines = answers(FRAME.encode(), explain=True)
    rows = json.loads(lines[0])["explain"]
    assert {"offset": 20, "hex": "01d59c1c", "name": "lat", "value": 30776348, "unit": "1e-6 deg"} in rows
    assert "".join(row["hex"] for row in rows) == FRAME[2:-4]  # all but marks and checksum; this frame has no escapes


def test_an_explanation_for_people_is_a_table() -> None:
    _, lines = answers(FRAME.encode(), explain=True, as_json=False)
    assert lines[1].split() == ["offset", "hex", "name", "value", "unit"]
    assert any(line.split() == ["20", "01d59c1c", "lat", "30776348", "1e-6", "deg"] for line in lines)


def test_the_verb_reads_standard_input() -> None:
    done = subprocess.run([sys.executable, "-m", "catseye.station", "fleet", "decode"], input=FRAME, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["id"] == "0x0200"
