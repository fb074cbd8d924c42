"""Holds authentik blueprints against a schema of authentik's. Called with the schema and the blueprints.

The schema knows no tags and lets every attribute pass. So a tag stands for a value of whatever kind is wanted, and an attribute
that its model does not have is a mistake: authentik would drop it in silence. Prints what is wrong, and exits with 1 if anything is.
"""

import copy
import json
import sys

import jsonschema
import yaml

MODELS = {}


class Tag:
    def __init__(self, name, value):
        self.name, self.value = name, value


class Loader(yaml.SafeLoader):
    pass


def tag(loader, suffix, node):
    if isinstance(node, yaml.ScalarNode):
        return Tag(suffix, loader.construct_scalar(node))
    return Tag(suffix, loader.construct_sequence(node, deep=True))


Loader.add_multi_constructor("!", tag)


def without_tags(value):
    """The value without what only authentik can look up; its place keeps no value at all."""
    if isinstance(value, dict):
        return {key: without_tags(item) for key, item in value.items() if not isinstance(item, Tag)}
    if isinstance(value, list):
        return [without_tags(item) for item in value if not isinstance(item, Tag)]
    return value


def tags(value):
    if isinstance(value, Tag):
        yield value
        value = value.value
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from tags(item)


def problems(blueprint, schema):
    models = {name.removeprefix("model_"): model for name, model in schema["$defs"].items() if name.startswith("model_")}
    known = set()
    for index, entry in enumerate(blueprint["entries"]):
        where = f"entry {index} ({entry['model']})"
        model = models.get(entry["model"])
        if model is None:
            yield f"{where}: there is no such model"
            continue
        for part in ("identifiers", "attrs"):
            for attribute in entry.get(part, {}):
                if attribute not in model["properties"]:
                    yield f"{where}: `{attribute}` is no attribute of it"
        for found in tags(entry):
            if found.name == "KeyOf" and found.value not in known:
                yield f"{where}: !KeyOf {found.value} is not the id of an entry before it"
            if found.name == "Find":
                target, *pairs = found.value
                if target not in models:
                    yield f"{where}: !Find in {target}, and there is no such model"
                for field, _ in pairs:
                    if field not in models.get(target, {"properties": {}})["properties"]:
                        yield f"{where}: !Find by {field}, which is no attribute of {target}"
        if "id" in entry:
            if entry["id"] in known:
                yield f"{where}: the id {entry['id']} is there twice"
            known.add(entry["id"])
    plain = without_tags(copy.deepcopy(blueprint))
    # Each entry against its own model, and the rest without entries: among 120 alternatives nothing is said clearly, or soon.
    entries = plain["entries"]
    plain["entries"] = []
    checks = [(schema, plain, "the blueprint")]
    for index, entry in enumerate(entries):
        for alternative in alternatives(schema):
            if alternative["properties"]["model"]["const"] == entry["model"]:
                checks.append((alternative | {"$defs": schema["$defs"]}, entry, f"entry {index} ({entry['model']})"))
    for part, value, where in checks:
        for error in jsonschema.Draft7Validator(part).iter_errors(value):
            yield f"{where}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"


def alternatives(schema):
    """What an entry may be: where it stands differs from version to version."""
    found = schema["$defs"].get("blueprint_entry") or schema["properties"]["entries"]["items"]
    return found["oneOf"]


def main(schema_path, *paths):
    with open(schema_path) as file:
        schema = json.load(file)
    wrong, names = 0, set()
    for path in paths:
        with open(path) as file:
            blueprint = yaml.load(file, Loader)
        name = blueprint["metadata"]["name"]
        found = list(problems(blueprint, schema)) + ([f"two are called {name}"] if name in names else [])
        names.add(name)
        for problem in found:
            print(f"{path.rsplit('/', 1)[-1]}: {problem}")
        wrong += len(found)
        for entry in blueprint["entries"]:
            expression = entry.get("attrs", {}).get("expression")
            if expression is not None:
                lines = "".join(f"    {line}\n" for line in expression.splitlines())
                # As authentik wraps it: a policy returns.
                compile(f"def handler():\n{lines}", name, "exec")
    print(f"{len(paths)} blueprints, {wrong} problems")
    sys.exit(1 if wrong else 0)


main(*sys.argv[1:])
