"""The CRD's schema: what a user reads in `kubectl explain`, and what a refusal says."""

import pathlib

import yaml

CRD = pathlib.Path(__file__).resolve().parents[2] / "crds" / "realtimeoperator.dev_realtimeapps.yaml"
VERSION = yaml.safe_load(CRD.read_text(encoding="utf-8"))["spec"]["versions"][0]
SCHEMA = VERSION["schema"]["openAPIV3Schema"]


def fields(schema, path=""):
    """Every field of the schema with its path, list items and the values of maps included."""
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}.{name}".lstrip("."), inner
        yield from fields(inner, f"{path}.{name}")
    if "items" in schema:
        yield f"{path}[]".lstrip("."), schema["items"]
        yield from fields(schema["items"], f"{path}[]")
    if "additionalProperties" in schema:
        yield f"{path}{{}}".lstrip("."), schema["additionalProperties"]
        yield from fields(schema["additionalProperties"], f"{path}{{}}")


def test_every_field_is_described():
    plain = ("requests{}", "limits{}", "annotations{}")  # what these maps' own descriptions say is all there is to say
    silent = [path for path, schema in fields(SCHEMA)
              if path != "metadata" and not path.endswith(plain) and len(schema.get("description", "")) < 8]
    assert not silent


def test_every_rule_says_what_to_change():
    rules = [(path, rule) for path, schema in [("", SCHEMA), *fields(SCHEMA)]
             for rule in schema.get("x-kubernetes-validations", [])]
    assert len(rules) > 10
    for path, rule in rules:
        assert len(rule.get("message", "")) > 30, f"{path}: {rule['rule']}"


def test_everything_that_can_grow_is_bounded():
    for path, schema in fields(SCHEMA["properties"]["spec"]):
        if schema.get("type") == "array":
            assert "maxItems" in schema, path
        if "additionalProperties" in schema:
            assert "maxProperties" in schema, path
        if schema.get("type") == "string" and "enum" not in schema:
            assert "maxLength" in schema, path
        if schema.get("type") == "integer":
            assert {"minimum", "maximum", "format"} <= schema.keys(), path


def test_only_the_arguments_of_rules_may_be_anything():
    free = [path for path, schema in fields(SCHEMA) if "x-kubernetes-preserve-unknown-fields" in schema]
    assert free and all(path.startswith("spec.server.namespaces{}.") and path.endswith(".args[]") for path in free)


def test_the_printer_columns_are_those_that_people_look_for():
    names = [column["name"] for column in VERSION["additionalPrinterColumns"] if not column.get("priority")]
    assert names == ["Ready", "Replicas", "Connections", "URL", "Age"]
