"""JSON schemas for kubeconform: of Kubernetes' own kinds, from the OpenAPI document in its module; of custom resources,
from their CRDs. Strict: a field that a schema does not name is an error."""

from __future__ import annotations

import json
import pathlib
import subprocess
import tempfile

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[2]
CRD = ROOT / "crds" / "realtimeoperator.dev_realtimeapps.yaml"
# Whose CRDs ServiceMonitor and PrometheusRule are; the sum is that of its module.
PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator", "v0.85.0"
PROMETHEUS_OPERATOR_SUM = "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s="
# What a template of kubeconform's -schema-location makes of a kind.
LOCATION = "{{ .ResourceKind }}-{{ .Group }}-{{ .ResourceAPIVersion }}.json"

# Types that are written in more ways than the document says.
LOOSE = {
    "io.k8s.apimachinery.pkg.util.intstr.IntOrString": {"type": ["string", "integer"]},
    "io.k8s.apimachinery.pkg.api.resource.Quantity": {"type": ["string", "number"]},
}


def _go_module(path: str, version: str, wanted_sum: str) -> pathlib.Path:
    """The directory of a Go module, downloaded once."""
    go = subprocess.run([ROOT / "hack" / "deps", "--print-go"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as scratch:  # in no module, or go would look at that one's go.mod
        made = subprocess.run([go, "mod", "download", "-json", f"{path}@{version}"], check=True, stdout=subprocess.PIPE,
                              text=True, cwd=scratch)
    found = json.loads(made.stdout)
    assert found["Sum"] == wanted_sum, f"{path}@{version} is not what it was: {found['Sum']}"
    return pathlib.Path(found["Dir"])


def _kubernetes() -> pathlib.Path:
    sums = (ROOT / "hack" / "modules" / "kubernetes" / "go.sum").read_text(encoding="utf-8").splitlines()
    ((path, version, digest),) = [line.split() for line in sums if line.startswith("k8s.io/kubernetes v")
                                  and "/go.mod " not in line]
    return _go_module(path, version, digest)


def _strict(schema: object) -> object:
    """The schema with every object closed that names its fields."""
    if isinstance(schema, list):
        return [_strict(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: _strict(value) for name, value in schema.items() if name != "properties"}
    if "properties" in schema:  # its keys are names of fields, not of a schema's parts
        made["properties"] = {name: _strict(value) for name, value in schema["properties"].items()}
    if "properties" in made and "additionalProperties" not in made \
            and not made.get("x-kubernetes-preserve-unknown-fields"):
        made["additionalProperties"] = False
    if made.get("x-kubernetes-int-or-string"):
        made.pop("type", None)
    return made


def _referred(schema: object) -> set[str]:
    if isinstance(schema, dict):
        own = {schema["$ref"].rpartition("/")[2]} if isinstance(schema.get("$ref"), str) else set()
        return own.union(*map(_referred, schema.values()))
    return set().union(*map(_referred, schema)) if isinstance(schema, list) else set()


def _closure(name: str, definitions: dict[str, dict]) -> dict[str, dict]:
    """The definition and all that it refers to."""
    found: dict[str, dict] = {}
    wanted = {name}
    while wanted:
        current = wanted.pop()
        found[current] = definitions[current]
        wanted |= _referred(definitions[current]) - found.keys()
    return found


def _write(folder: pathlib.Path, group: str, version: str, kind: str, schema: dict) -> None:
    name = LOCATION
    for field, value in (("ResourceKind", kind.lower()), ("Group", group or version), ("ResourceAPIVersion", version)):
        name = name.replace(f"{{{{ .{field} }}}}", value)
    (folder / name).write_text(json.dumps(schema), encoding="utf-8")


def write(folder: pathlib.Path, kinds: set[str]) -> str:
    """Writes the schemas of these built-in kinds and of the custom ones; returns the -schema-location."""
    document = json.loads((_kubernetes() / "api" / "openapi-spec" / "swagger.json").read_text(encoding="utf-8"))
    definitions = {name: LOOSE.get(name) or _strict(schema) for name, schema in document["definitions"].items()}
    for name, schema in definitions.items():
        for what in schema.get("x-kubernetes-group-version-kind", []):
            if what["kind"] in kinds:
                _write(folder, what["group"], what["version"], what["kind"],
                       {"$ref": f"#/definitions/{name}", "definitions": _closure(name, definitions)})
    examples = _go_module(*PROMETHEUS_OPERATOR, PROMETHEUS_OPERATOR_SUM) / "example" / "prometheus-operator-crd"
    for file in (CRD, *(examples / f"monitoring.coreos.com_{name}.yaml" for name in ("servicemonitors", "prometheusrules"))):
        spec = yaml.safe_load(file.read_text(encoding="utf-8"))["spec"]
        for version in spec["versions"]:
            schema = _strict(version["schema"]["openAPIV3Schema"])
            schema["properties"].setdefault("metadata", {})["additionalProperties"] = True
            _write(folder, spec["group"], version["name"], spec["names"]["kind"], schema)
    return str(folder / LOCATION)
