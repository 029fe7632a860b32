"""Who takes a step: a person by name, or the machine under its prefix. Nobody is both, and nobody is two by spelling a name in two ways."""

import unicodedata

from catseye.cases.errors import CaseError

MACHINE = "machine:"
_LONGEST_CHARS = 120
_ALIKE = ("LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC", "LISU")  # each has letters that look like another's
# What is to be ignored when shown (Unicode, Default_Ignorable_Code_Point) and is of no category C.
_UNSEEN = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0" + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


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
    if ":" in unicodedata.normalize("NFKC", said) or len(said) > _LONGEST_CHARS or any(_is_hidden(character) for character in said):
        raise CaseError(where, f"by {name!a}", f"the name of a person: no service, no hidden characters, at most {_LONGEST_CHARS} letters")
    if len(scripts := sorted(script for script in _ALIKE if any(_is_of(script, character) for character in said))) > 1:
        came = f"by {name!a}, in letters of {' and '.join(script.capitalize() for script in scripts)}"
        raise CaseError(where, came, "a name in one script: letters of these look alike, and would make two people of one")
    return said


def same_person(one: str, other: str) -> bool:
    """Whether two spellings name one person; capitals, width, spaces and punctuation make nobody another.

    >>> same_person("Lan Nguyen", "LAN  nguyen."), same_person("D'Arc-Lan", "d’arc lan"), same_person("Lan", "Long")
    (True, True, False)
    """
    return _spelled(one) == _spelled(other)


def is_among(name: str, people: tuple[str, ...]) -> bool:
    """Whether one of them is that person."""
    return any(same_person(name, each) for each in people)


def _spelled(name: str) -> str:
    """What of a name tells people apart: its letters, marks and digits."""
    kept = (" " if _is_between(character) else character for character in _folded(name) if not _is_hidden(character))
    return " ".join("".join(kept).split()) or _folded(name)


def _is_between(character: str) -> bool:
    return unicodedata.category(character)[0] in "PZS"


def _is_hidden(character: str) -> bool:
    """Whether it shows nothing where it stands: control and format characters, joiners, selectors, fillers, the empty braille cell."""
    return unicodedata.category(character).startswith("C") or character in _UNSEEN


def _is_of(script: str, character: str) -> bool:
    return character.isalpha() and unicodedata.name(unicodedata.normalize("NFKC", character)[0], "").startswith(script)


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", " ".join(unicodedata.normalize("NFKC", name).split()).casefold())
