"""As much of Flask as the guide's example asks for, since no machine of the lab can fetch the real one."""

from collections.abc import Callable


class Flask:
    """Knows which function answers for which path."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.routes: dict[str, Callable[[], object]] = {}

    def route(self, path: str) -> Callable[[Callable[[], object]], Callable[[], object]]:
        def keep(function: Callable[[], object]) -> Callable[[], object]:
            self.routes[path] = function
            return function

        return keep


class _Request:
    # Set anew for each question; names are asked for as they are spelled in the example.
    headers: dict[str, str] = {}


request = _Request()


def render_template(page: str, /, **values: object) -> str:
    """Says which page would be shown; the example forgets to import it."""
    return f"{page} for {values.get('username')}"
