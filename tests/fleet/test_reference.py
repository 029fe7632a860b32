"""The page of the wire is what the tables say."""

from pathlib import Path

from catseye.fleet.reference import reference

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "fleet-messages.md"


def test_the_page_of_messages_is_made_from_the_tables() -> None:
    assert PAGE.read_text("utf-8") == reference(), "python -m catseye.fleet.reference > docs/reference/fleet-messages.md"


def test_every_table_of_the_page_has_a_type_in_every_row() -> None:
    rows = [line.split("|") for line in reference().splitlines() if line.startswith("| `")]
    assert len(rows) > 400
    assert [row for row in rows if len(row) != 6 or not row[2].strip()] == []
