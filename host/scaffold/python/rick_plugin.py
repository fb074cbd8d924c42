"""For authors of rick plugins in Python: the contract's words, a class with defaults, and one export.

A plugin is a pure function of its input. It is a class below `Plugin`, says what it is in `describe`, and has those of the
other methods that it needs. Nothing in it knows WebAssembly, so it also runs, and is tested, under plain Python: see `answer`.

    from rick_plugin import ENV, Descriptor, Plugin, closed, export, table

    class Greeter(Plugin):
        def describe(self):
            schema = closed({"greeting": {"type": "string"}}, required=["greeting"])
            return Descriptor("greeter", "0.1.0", "says hello in a variable", table_schema=schema, writes_slots=[ENV])

        def contribute(self, call, out):
            out.add(ENV, "GREETING", [call.table["greeting"]], because=table("greeting"))

    Meta, Claim, Contribute, Check, CheckFiles, Render = export(Greeter())

The words are those of `wit/rick.wit`, where each is explained. This file is yours: change it where it does not fit.
"""

from __future__ import annotations

import builtins
import io
import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from enum import Enum
from typing import Any

try:
    # The bindings are there only inside of a component, where componentize-py makes them.
    from wit_world.exports import (
        check as _check,
        check_files as _check_files,
        claim as _claim,
        contribute as _contribute,
    )
    from wit_world.exports import meta as _meta, render as _render
    from wit_world.imports import log as _log, types as _types
except ModuleNotFoundError:
    _types = None

# Slots that rick owns.
ENV = "rick:env@1"
MOUNT = "rick:mount@1"
GROUP = "rick:group@1"
DIRECTORY = "rick:directory@1"
IDENTITY = "rick:identity@1"
SYSTEM_UNIT = "rick:system-unit@1"
DATABASE = "rick:database@1"
VOLUME = "rick:volume@1"
ENDPOINT = "rick:endpoint@1"
HOST = "rick:host@1"
SITE = "rick:site@1"
GATE = "rick:gate@1"
BACKUP = "rick:backup@1"
COMMAND = "rick:command@1"
SECRET = "rick:secret@1"
STEP = "rick:step@1"
CHECK = "rick:check@1"
MODEL = "rick:model@1"


# Places: because of what something is there.


@dataclass(frozen=True)
class Value:
    """A value in the input of this call."""

    pointer: str


@dataclass(frozen=True)
class Key:
    """A key in the input of this call, rather than its value."""

    pointer: str


@dataclass(frozen=True)
class Span:
    """Bytes of a file of a `check_files` call, from `start` up to but without `end`. It is a place, too."""

    file: int
    start: int
    end: int


Place = Value | Key | Span
Because = Place | Iterable[Place]


def pointer(*steps: str | int) -> str:
    """A JSON pointer (RFC 6901), with `~` and `/` escaped."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


def table(*steps: str | int) -> Value:
    """A value in the plugin's own table of the manifest; `table()` is the table itself."""
    return Value(pointer("table", *steps))


def table_key(*steps: str | int) -> Key:
    """A key in the plugin's own table, rather than its value."""
    return Key(pointer("table", *steps))


def service(*steps: str | int) -> Value:
    """A value in the manifest's `[service]`."""
    return Value(pointer("service", *steps))


def machine(*steps: str | int) -> Value:
    """A value of the machine in rick.toml: `machine("versions", "podman")`."""
    return Value(pointer("machine", *steps))


def setting(*steps: str | int) -> Value:
    """A value in `[plugins.<name>]` of rick.toml."""
    return Value(pointer("settings", *steps))


def fact(*steps: str | int) -> Value:
    """A value in `[machines.<machine>.<name>]` of rick.toml."""
    return Value(pointer("facts", *steps))


def claimed(pool: str, key: str) -> Value:
    """What the service holds of a pool."""
    return Value(pointer("claimed", pool, key))


def of(name: str, *steps: str | int) -> Value:
    """A value of one service in a call of a machine or the project: `of("wiki", "table", "path")`."""
    return Value(pointer("services", name, *steps))


def read(slot: str, index: int, *steps: str | int) -> Value:
    """A contribution that this call reads; that of a `Read` is in its `place`."""
    return Value(pointer("reads", slot, index, *steps))


def _places(because: Because) -> list[Place]:
    places = [because] if isinstance(because, Place) else list(because)
    if not places:
        raise ValueError("whatever a plugin answers has at least one reason")
    return places


# Members that are a JSON text in the contract, and a value here.
_JSON = {"json": True}
_JSON_OR_NONE = {"json": None}


# Diagnostics.


class Severity(Enum):
    """How bad a problem is."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    HINT = "hint"


@dataclass
class Note:
    """A second place of a diagnostic."""

    at: Place
    message: str


@dataclass
class Set:
    """Puts a value at a pointer; one that ends in `/-` appends."""

    pointer: str
    value: Any


@dataclass
class Remove:
    """Takes away what is at a pointer."""

    pointer: str


@dataclass
class Replace:
    """Puts a text in the place of a span of a file."""

    span: Span
    text: str


@dataclass
class Fix:
    """What would mend a diagnostic. `title` is in the imperative. `safe`: it changes nothing else that runs, and loses no data."""

    title: str
    safe: bool
    edits: list[Set | Remove | Replace]


@dataclass
class Diagnostic:
    """A problem in the user's files: see `Diagnostics.report`."""

    code: str
    severity: Severity
    message: str
    at: Place
    help: str | None = None
    notes: list[Note] = field(default_factory=list)
    fixes: list[Fix] = field(default_factory=list)
    more: dict | None = field(default=None, metadata=_JSON_OR_NONE)


# What a plugin is.


def closed(properties: dict[str, dict] | None = None, required: Sequence[str] = ()) -> dict:
    """A JSON Schema of a table with these keys and no others. The first sentence of a `description` is the help in an error."""
    return {"type": "object", "additionalProperties": False, "properties": properties or {}, "required": list(required)}


@dataclass
class Slot:
    """A slot that the plugin owns. `merge`: "list" or "by-key"; `unread`: "ignore" or "error"."""

    name: str
    schema: dict = field(metadata=_JSON)
    merge: str = "list"
    unread: str = "ignore"


@dataclass
class Pool:
    """What two may never share. `range` is None for names, {"first", "last", "block"} for numbers; `within`: "machine" or "project"."""

    name: str
    label: str
    help: str
    range: dict | None = field(default=None, metadata=_JSON)
    within: str = "machine"
    reuse: bool = False


@dataclass
class Reads:
    """A slot that the plugin reads. `by`: "contribute", "check" or "render", the first that does; `of`: "service", "machine", "project".
    `fulfils`: it does what is contributed there, rather than only to look: what must be done and nobody does is an error.
    """

    slot: str
    by: str
    of: str = "service"
    fulfils: bool = False


@dataclass
class Rule:
    """A check. Its page is `page(...)`."""

    code: str
    name: str
    page: dict = field(metadata=_JSON)
    severity: Severity = Severity.ERROR
    waivable: bool = False


def page(*, what: str, why: str, example: str, use_instead: str, source: str) -> dict:
    """The rule's page. `example` is a manifest that the rule finds, `use_instead` the same, mended; rick adds a `[service]`
    with an image where there is none. `rick plugin test` lints both.
    """
    return {"what": what, "why": why, "example": example, "use_instead": use_instead, "source": source}


@dataclass
class Descriptor:
    """What a plugin is. `table` is the name where nothing else is said, and `answers` the methods that the plugin has."""

    name: str
    version: str
    summary: str
    table_schema: dict = field(default_factory=closed, metadata=_JSON)
    settings_schema: dict = field(default_factory=closed, metadata=_JSON)
    facts_schema: dict = field(default_factory=closed, metadata=_JSON)
    table: str = ""
    activates: str = "table"
    owns: list[Slot] = field(default_factory=list)
    pools: list[Pool] = field(default_factory=list)
    writes_slots: list[str] = field(default_factory=list)
    reads: list[Reads] = field(default_factory=list)
    writes: list[str] = field(default_factory=list)
    steps: list[str] = field(default_factory=list)
    judges: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    more: dict | None = field(default=None, metadata=_JSON_OR_NONE)


# What a call is given.


@dataclass
class Read:
    """One contribution of another plugin. `place` is what to give as the reason for anything made of it."""

    service: str | None
    machine: str | None
    part: str | None
    key: str
    value: Any
    stated: bool
    place: Value


@dataclass
class File:
    """A file that `check_files` is given."""

    path: str
    text: str
    judge: bool = True


class Call:
    """The input of a call. What is not of its scope is empty: `wit/input.schema.json` says what there is."""

    def __init__(self, document: dict) -> None:
        self.document = document
        self.scope: str = document["scope"]
        self.settings: dict = document.get("settings", {})
        self.facts: dict = document.get("facts", {})
        self.service: dict = document.get("service", {})
        self.table: dict = document.get("table", {})
        self.claimed: dict = document.get("claimed", {})
        self.machine: dict = document.get("machine", {})
        # By name, of a machine or the project: {"service", "table", "claimed"} each.
        self.services: dict[str, dict] = document.get("services", {})
        self.machines: dict[str, dict] = document.get("machines", {})

    def reads(self, slot: str, service: str | None = None) -> list[Read]:
        """What a slot holds, in rick's order; of one service, if said. Empty where the descriptor does not read it."""
        found = []
        for index, entry in enumerate(self.document.get("reads", {}).get(slot, [])):
            if service is None or entry.get("service") == service:
                members = (
                    entry.get("service"),
                    entry.get("machine"),
                    entry.get("part"),
                    entry["key"],
                    entry["value"],
                    entry["stated"],
                )
                found.append(Read(*members, place=read(slot, index)))
        return found

    def version(self, program: str) -> tuple[int, ...] | None:
        """The version of a program on the machine, in numbers: (2, 53). None where rick.toml does not say it."""
        return version(self.machine.get("versions", {}).get(program, ""))


def version(text: str) -> tuple[int, ...] | None:
    """The numbers that a version begins with: `2.53.3+ds1` is (2, 53, 3). Tuples compare as versions do."""
    found = re.match(r"[0-9]+(\.[0-9]+)*", text)
    return tuple(int(number) for number in found[0].split(".")) if found else None


def authority(address: str, port: int) -> str:
    """Address and port as a URL has them: an address of IPv6 stands in brackets."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


# What a call answers.


class Diagnostics:
    """Problems that were found."""

    def __init__(self) -> None:
        self.diagnostics: list[Diagnostic] = []

    def report(
        self,
        rule: Rule,
        message: str,
        at: Place,
        *,
        help: str | None = None,
        notes: Iterable[Note] = (),
        fixes: Iterable[Fix] = (),
        severity: Severity | None = None,
        more: dict | None = None,
    ) -> None:
        """Reports a problem, as bad as its rule says. `message`: what was found, then what was expected; lower case, no full stop.
        `help`: one thing that can be done now. `more`: `{"within": "a part of the text that is there"}` has rick point at just that,
        `{"hides": True}` keeps what is there from being shown.
        """
        severity = severity or rule.severity
        self.diagnostics.append(Diagnostic(rule.code, severity, message, at, help, list(notes), list(fixes), more))


@dataclass
class ClaimEntry:
    """A claim of a number or a name."""

    pool: str
    key: str
    want: Any = field(metadata=_JSON_OR_NONE)
    because: list[Place]


class Claims(Diagnostics):
    """The claims of a service."""

    def __init__(self) -> None:
        super().__init__()
        self.claims: list[ClaimEntry] = []

    def want(self, pool: str, key: str, value: str | int, because: Because) -> None:
        """Claims a name, or a number that the user stated."""
        self.claims.append(ClaimEntry(pool, key, value, _places(because)))

    def any(self, pool: str, key: str, because: Because) -> None:
        """Claims any number of the pool."""
        self.claims.append(ClaimEntry(pool, key, None, _places(because)))


@dataclass
class Target:
    """Whom a contribution is for; None is whom the call is about, and all parts that run the service's own image."""

    service: str | None = None
    machine: str | None = None
    part: str | None = None


@dataclass
class Contribution:
    """What a plugin adds to a slot."""

    slot: str
    target: Target
    key: str
    value: Any = field(metadata=_JSON)
    stated: bool
    because: list[Place]


class Contributions(Diagnostics):
    """The contributions of a service."""

    def __init__(self) -> None:
        super().__init__()
        self.contributions: list[Contribution] = []

    def add(
        self,
        slot: str,
        key: str,
        value: Any,
        because: Because,
        *,
        stated: bool = False,
        service: str | None = None,
        machine: str | None = None,
        part: str | None = None,
    ) -> None:
        """Contributes to a slot. `stated`: the user wrote the value, so it beats what was derived."""
        target = Target(service, machine, part)
        self.contributions.append(Contribution(slot, target, key, value, stated, _places(because)))


@dataclass(frozen=True)
class Secret:
    """A secret by name, never by value. `encode`: rick's encodings, the innermost first: `("percent", "env-line")`."""

    name: str
    encode: tuple[str, ...] = ()


@dataclass
class Segment:
    """One run of bytes with its reasons."""

    content: str | Secret
    because: list[Place]


@dataclass
class Artifact:
    """A file in the making: lines, each with its reasons. By itself it is root's and readable by all."""

    path: str
    mode: int = 0o644
    owner: str = "root"
    group: str = "root"
    machine: str | None = None
    content: list[Segment] = field(default_factory=list)
    more: dict | None = field(default=None, metadata=_JSON_OR_NONE)

    def line(self, *pieces: str | Secret, because: Because) -> None:
        """Adds a line of text and secrets; the newline is added here, and one inside would be a second line."""
        places = _places(because)
        text = ""
        for piece in pieces:
            if isinstance(piece, Secret):
                if text:
                    self.content.append(Segment(text, places))
                self.content.append(Segment(piece, places))
                text = ""
            elif "\n" in piece:
                raise ValueError(f"a line of {self.path} has a newline in it: {piece!r}")
            else:
                text += piece
        self.content.append(Segment(text + "\n", places))

    def preview(self) -> str:
        """The text of the file, with each secret as `«name encodings»`: for tests."""

        def shown(content: str | Secret) -> str:
            return content if isinstance(content, str) else f"«{' '.join((content.name, *content.encode))}»"

        return "".join(shown(segment.content) for segment in self.content)


class Rendered(Contributions):
    """What a call of `render` makes. It contributes to the slots that end in rick: steps, checks and models."""

    def __init__(self) -> None:
        super().__init__()
        self.artifacts: list[Artifact] = []

    def artifact(self, artifact: Artifact) -> None:
        """Adds a file; one without content is left out."""
        if artifact.content:
            self.artifacts.append(artifact)

    def step(
        self, key: str, kind: str, phase: str, because: Because, *, changed: Sequence[str] = (), **members: Any
    ) -> None:
        """Adds a step that is called for by changes of the artifacts in `changed`; in every apply, where that is empty. A member that
        is a word of Python's has a `_` after it: `as_`.
        """
        named = {"changed": list(changed)} if changed else {}
        self.add(STEP, key, {"kind": kind, "phase": phase, **named, **_words(members)}, because)

    def check(self, key: str, kind: str, title: str, because: Because, **members: Any) -> None:
        """Adds a question to the running machine. `title` is a statement that should hold."""
        self.add(CHECK, key, {"kind": kind, "title": title, **_words(members)}, because)


def _words(members: dict[str, Any]) -> dict[str, Any]:
    return {name.removesuffix("_"): value for name, value in members.items()}


# The plugin.


class Plugin:
    """A plugin. Of all methods but `describe` it has those that it needs."""

    def describe(self) -> Descriptor:
        """Says what the plugin is. Static: it depends on nothing."""
        raise NotImplementedError

    def claim(self, call: Call, out: Claims) -> None:
        """Claims numbers and names for a service. `call` has no `claimed` and nothing to read yet."""

    def contribute(self, call: Call, out: Contributions) -> None:
        """Contributes to the slots of others, and to the plugin's own."""

    def check_service(self, call: Call, out: Diagnostics) -> None:
        """Checks one service."""

    def check_machine(self, call: Call, out: Diagnostics) -> None:
        """Checks one machine with all its services."""

    def check_project(self, call: Call, out: Diagnostics) -> None:
        """Checks the whole project."""

    def check_files(self, call: Call, files: list[File], out: Diagnostics) -> None:
        """Judges files, rendered or written by hand."""

    def render_service(self, call: Call, out: Rendered) -> None:
        """Renders what is of one service."""

    def render_machine(self, call: Call, out: Rendered) -> None:
        """Renders what is of one machine."""

    def render_project(self, call: Call, out: Rendered) -> None:
        """Renders what is of the whole project."""


_CALLS = ["claim", "contribute", "check-files"] + [
    f"{function}:{scope}" for function in ("check", "render") for scope in ("service", "machine", "project")
]


def described(plugin: Plugin) -> Descriptor:
    """The descriptor with what can be told from the plugin itself."""
    descriptor = plugin.describe()
    descriptor.table = descriptor.table or descriptor.name
    if not descriptor.answers:
        has = lambda call: getattr(type(plugin), _method(call)) is not getattr(Plugin, _method(call))
        descriptor.answers = [call for call in _CALLS if has(call)]
    return descriptor


def _method(call: str) -> str:
    return call.replace(":", "_").replace("-", "_")


# For tests.


def answer(plugin: Plugin, call: str, document: dict, files: Sequence[File] = ()) -> Any:
    """What the plugin answers to a call such as "contribute" or "render:service", under plain Python: its claims, contributions,
    artifacts and diagnostics. As rick does, it holds every place against the input.
    """
    document = json.loads(json.dumps(document))
    out = _OUT[call.split(":")[0]]()
    given = [list(files)] if call == "check-files" else []
    getattr(plugin, _method(call))(Call(document), *given, out)
    for place in _places_in(vars(out)):
        if not isinstance(place, Span) and not _is_there(document, place.pointer):
            raise AssertionError(f"the place `{place.pointer}` is not in the input")
    return out


_OUT = {
    "claim": Claims,
    "contribute": Contributions,
    "check": Diagnostics,
    "check-files": Diagnostics,
    "render": Rendered,
}


def _places_in(value: Any) -> Iterable[Place]:
    if isinstance(value, Place):
        yield value
    elif is_dataclass(value):
        yield from _places_in([getattr(value, member.name) for member in fields(value) if not member.metadata])
    elif isinstance(value, dict):
        yield from _places_in(list(value.values()))
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _places_in(item)


def _is_there(value: Any, text: str) -> bool:
    for step in text.split("/")[1:]:
        step = step.replace("~1", "/").replace("~0", "~")
        try:
            value = value[int(step)] if isinstance(value, list) else value[step]
        except (KeyError, IndexError, ValueError, TypeError):
            return False
    return True


# The component.


def log(message: str, level: str = "info") -> None:
    """Says something to somebody who looks for a fault in the plugin: `rick -vv` shows it. `level`: trace, debug, info, warn."""
    if _types is None:
        print(f"{level}: {message}", file=sys.stderr)
    else:
        _log.log(_log.Level[level.upper()], message)


def _told(function: Any) -> Any:
    """A call inside of a component. There are no files: an import finds what was imported when the component was built. `print` is `log`,
    and an exception is told in the log, since nobody else would hear of it.
    """

    def called(*given: Any) -> Any:
        sys.path.clear()
        sys.stdout = sys.stderr = _Printed()
        builtins.open = io.open = _no_files
        try:
            return function(*given)
        except BaseException as failure:
            log(_in_one_line(failure), "warn")
            # Python would print a traceback, and look for the sources.
            sys.stderr = None
            raise

    return called


class _Printed(io.TextIOBase):
    def write(self, text: str) -> int:
        if text.strip():
            log(text.rstrip())
        return len(text)


def _no_files(*_: Any, **__: Any) -> Any:
    raise OSError("a plugin has no files")


def _in_one_line(failure: BaseException) -> str:
    where = failure.__traceback__
    while where is not None and where.tb_next is not None:
        where = where.tb_next
    code = where.tb_frame.f_code if where is not None else None
    at = (
        f", in `{code.co_name}` at line {where.tb_lineno} of {code.co_filename.rsplit('/')[-1]}"
        if code is not None
        else ""
    )
    return f"{type(failure).__qualname__}: {failure}{at}"[:250]


def export(plugin: Plugin) -> tuple[type, type, type, type, type, type]:
    """What componentize-py looks for in the module that it makes a component of: `Meta, Claim, Contribute, Check, CheckFiles, Render`."""

    def run(out: Any, method: str, document: str, *more: Any) -> Any:
        getattr(plugin, method)(Call(json.loads(document)), *more, out)
        return out

    class Meta:
        @_told
        def describe(self) -> Any:
            return _sent(described(plugin))

    class Claim:
        @_told
        def claim(self, document: str) -> Any:
            out = run(Claims(), "claim", document)
            return _claim.Claimed(_sent(out.claims), _sent(out.diagnostics))

    class Contribute:
        @_told
        def contribute(self, document: str) -> Any:
            out = run(Contributions(), "contribute", document)
            return _contribute.Contributed(_sent(out.contributions), _sent(out.diagnostics))

    class Check:
        @_told
        def check(self, scope: Enum, document: str) -> Any:
            return _sent(run(Diagnostics(), f"check_{scope.name.lower()}", document).diagnostics)

    class CheckFiles:
        @_told
        def check_files(self, document: str, files: list) -> Any:
            given = [File(file.path, file.text, file.judge) for file in files]
            return _sent(run(Diagnostics(), "check_files", document, given).diagnostics)

    class Render:
        @_told
        def render(self, scope: Enum, document: str) -> Any:
            out = run(Rendered(), f"render_{scope.name.lower()}", document)
            return _render.Rendered(_sent(out.artifacts), _sent(out.contributions), _sent(out.diagnostics))

    return Meta, Claim, Contribute, Check, CheckFiles, Render


def _sent(value: Any) -> Any:
    """The same in the classes of the bindings."""
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, (list, tuple)):
        return [_sent(item) for item in value]
    match value:
        case Severity():
            return _types.Severity[value.name]
        case Value(at):
            return _types.Place_Value(at)
        case Key(at):
            return _types.Place_Key(at)
        case Span():
            return _types.Place_Text(_span(value))
        case Set(at, new):
            return _types.Edit_Set((at, _json(new)))
        case Remove(at):
            return _types.Edit_Remove(at)
        case Replace(span, text):
            return _types.Edit_Replace((_span(span), text))
        case Segment(str(text), because):
            return _types.Segment(_types.Content_Text(text), _sent(because))
        case Segment(secret, because):
            return _types.Segment(
                _types.Content_Secret(_types.Secret(secret.name, list(secret.encode))), _sent(because)
            )
    # All others are records with the names and the members of the contract.
    name = "Read" if isinstance(value, Reads) else type(value).__qualname__
    for module in (_types, _meta, _claim):
        if hasattr(module, name):
            return getattr(module, name)(**{member.name: _member(value, member) for member in fields(value)})
    raise TypeError(f"the contract has no {name}")


def _member(value: Any, member: Any) -> Any:
    content = getattr(value, member.name)
    if "json" not in member.metadata:
        return _sent(content)
    return None if content is None and member.metadata["json"] is None else _json(content)


def _span(span: Span) -> Any:
    return _types.Span(span.file, span.start, span.end)


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
