"""Writes down what the guide does on a machine, under the number of a mistake in the list of 38, or as one beyond."""

from lab import Lab
from machine import Result


class Findings:
    """What was seen, what was mended on the way, and what nobody can see here."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab
        self.mendings: list[str] = []

    def shown(self, number: str, text: str, passed: bool, detail: object = "") -> None:
        """The machine fails just so, or does what the guide denies."""
        self.lab.check(f"{number}: {text}", passed, _said(detail))

    def otherwise(self, number: str, text: str, passed: bool, detail: object = "") -> None:
        """The same question comes out well once the one line is right: so it was that line."""
        self.lab.check(f"{number}, mended: {text}", passed, _said(detail))

    def differs(self, number: str, text: str, passed: bool, detail: object = "") -> None:
        """The mistake is listed, but this is not how it shows."""
        self.lab.check(f"{number}, not as described: {text}", passed, _said(detail))

    def beyond(self, text: str, passed: bool, detail: object = "") -> None:
        """A mistake that is in no list."""
        self.lab.check(f"beyond the 38: {text}", passed, _said(detail))

    def mend(self, text: str) -> None:
        """Without this the next printed step could not be tried."""
        self.mendings.append(text)
        self.note(f"mended: {text}")

    def note(self, text: str) -> None:
        """What is to be read and is neither right nor wrong."""
        self.lab.note(text)


def _said(detail: object) -> object:
    return f"status {detail.code}\n{detail.out}{detail.err}" if isinstance(detail, Result) else detail
