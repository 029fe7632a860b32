"""A violation opens doors: evidence is cut, a plate is read. Only the rules may say that there is one."""

import ast
from pathlib import Path

SOURCE = Path(__file__).parents[2] / "src" / "catseye"


def makers(noun: str) -> set[str]:
    found = set()
    for path in SOURCE.rglob("*.py"):
        calls = [node.func for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        if any((isinstance(call, ast.Name) and call.id == noun) or (isinstance(call, ast.Attribute) and call.attr == noun) for call in calls):
            found.add(path.relative_to(SOURCE).parts[0])
    return found


def test_only_traffic_constructs_a_violation() -> None:
    assert makers("Violation") == {"traffic"}
