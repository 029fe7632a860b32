"""Who takes a step: a person by name, or the machine under its prefix. Nobody is both, and nobody is two by spelling a name in two ways."""

import unicodedata

from catseye.cases.errors import CaseError

MACHINE = "machine:"
_LONGEST_CHARS = 120


def is_machine(name: str) -> bool:
    """Whether the machine signs so.

    >>> is_machine("machine:watch"), is_machine("Machine : watch"), is_machine("Ms Machine")
    (True, True, False)
    """
    return _folded(name).replace(" ", "").startswith(MACHINE)


def person(name: str, where: str) -> str:
    """The name as it is kept; CaseError for nobody, for the machine, for a service, for a name that hides characters.

    >>> person("  Nguyễn   Thị Lan ", "case")
    'Nguyễn Thị Lan'
    """
    if is_machine(name):
        raise CaseError(where, f"by {name!r}", "a person: what the machine says is a suggestion, never a decision")
    said = unicodedata.normalize("NFC", " ".join(name.split()))
    if not any(character.isalpha() for character in said):
        raise CaseError(where, f"by {name!r}", "the name of a person")
    if ":" in unicodedata.normalize("NFKC", said) or len(said) > _LONGEST_CHARS or any(unicodedata.category(c).startswith("C") for c in said):
        raise CaseError(where, f"by {name!r}", f"the name of a person: no service, no hidden characters, at most {_LONGEST_CHARS} letters")
    return said


def same_person(one: str, other: str) -> bool:
    """Whether two spellings name one person; capitals, width and spaces make nobody another.

    >>> same_person("Lan Nguyen", "LAN  nguyen "), same_person("Lan", "Long")
    (True, False)
    """
    return _folded(one) == _folded(other)


def is_among(name: str, people: tuple[str, ...]) -> bool:
    """Whether one of them is that person."""
    return any(same_person(name, each) for each in people)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", name).split()).casefold())
