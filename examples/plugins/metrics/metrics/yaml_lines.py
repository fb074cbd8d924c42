"""Writes YAML, line by line, each line with its reasons.

A component has no YAML library unless one is bundled, and a library would not say which line is there because of what. What is needed is
small: mappings, lists, and scalars in JSON's words, which YAML 1.2 has as well. Keys are the plugin's own words and need no quotes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rick_plugin import Artifact, Place

# JSON may have these as they are, and YAML may not.
_UNPRINTABLE = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
_PLAIN_KEY = re.compile("[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class Because:
    """A value, and why it is there. All lines below have its reasons, unless they have their own."""

    value: Any
    places: list[Place]


def write(file: Artifact, value: Any, because: list[Place]) -> None:
    """Adds a value to a file."""
    for text, places in _lines(value, because):
        file.line(text, because=places)


def scalar(value: str | int | bool) -> str:
    """A scalar, always on one line."""
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(value, ensure_ascii=False))


def _lines(value: Any, because: list[Place]) -> Iterator[tuple[str, list[Place]]]:
    if isinstance(value, Because):
        yield from _lines(value.value, value.places)
    elif isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _entry(f"{key if _PLAIN_KEY.fullmatch(key) else scalar(key)}:", "  ", item, because)
    elif isinstance(value, list) and value:
        for item in value:
            inside = list(_lines(item, because))
            # What follows the hyphen stands in the same line; all else of the item below it.
            for index, (text, places) in enumerate(inside):
                yield ("- " if index == 0 else "  ") + text, places
    else:
        yield scalar(value), because


def _entry(key: str, indent: str, item: Any, because: list[Place]) -> Iterator[tuple[str, list[Place]]]:
    inner = item.value if isinstance(item, Because) else item
    places = item.places if isinstance(item, Because) else because
    if isinstance(inner, (dict, list)) and inner:
        yield key, places
        for text, reasons in _lines(inner, places):
            yield indent + text, reasons
    else:
        yield f"{key} {scalar(inner)}", places
