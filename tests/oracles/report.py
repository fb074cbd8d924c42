"""Holds reports against published schemas. Called with the folder of the schemas, `sarif` or `junit`, and the reports.

Prints what is wrong, and exits with 1 if anything is.
"""

import json
import pathlib
import sys


def sarif(schemas, path):
    import jsonschema

    schema = json.loads((schemas / "sarif-2.1.0.json").read_text())
    # Formats, too: a URI that is none is no SARIF.
    validator = jsonschema.Draft7Validator(schema, format_checker=jsonschema.FormatChecker())
    report = json.loads(path.read_text())
    for error in validator.iter_errors(report):
        yield f"{error.json_path}: {error.message[:300]}"


def junit(schemas, path):
    import xmlschema

    for error in xmlschema.XMLSchema10(str(schemas / "junit-10.xsd")).iter_errors(str(path)):
        yield f"{error.path}: {error.reason}"


def main(schemas, kind, *reports):
    wrong = 0
    for report in map(pathlib.Path, reports):
        for problem in {"sarif": sarif, "junit": junit}[kind](pathlib.Path(schemas), report):
            print(f"{report.name}: {problem}")
            wrong = 1
    return wrong


sys.exit(main(*sys.argv[1:]))
