"""Schemas by name: wire models as components of the OpenAPI description."""

from collections.abc import Iterable
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue

from filmgate.core.catalogue import Catalogue
from filmgate.http.description.examples import example_of
from filmgate.http.description.field_types import CATALOGUE

_PLACE = "#/components/schemas/"

Schema = dict[str, Any]


class Schemas:
    """Collects what is referred to. The same name must always mean the same."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._offers = _offers(catalogue)
        self._bodies: dict[type[BaseModel], str] = {}
        self.found: dict[str, Schema] = {}

    def answer(self, model: type[BaseModel]) -> Schema:
        """A reference to what is answered."""
        self._add(model, model.__name__, mode="serialization")
        return {"$ref": _PLACE + model.__name__}

    def body(self, model: type[BaseModel], *, operation_id: str) -> Schema:
        """A reference to what is sent, under the name of the first operation that takes it."""
        name = self._bodies.setdefault(model, f"{_titled(operation_id)}Body")
        self._add(model, name, mode="validation")
        return {"$ref": _PLACE + name}

    def form(self, model: type[BaseModel], *, operation_id: str) -> Schema:
        """As `body`, of what is sent as a form: there, neither null nor anything nested has a spelling."""
        name = self._bodies.setdefault(model, f"{_titled(operation_id)}Form")
        schema = self._schema(model, mode="validation")
        schema.pop("$defs", None)
        fields = {field: _flat(said) for field, said in schema["properties"].items()}
        self._keep(name, {**schema, "properties": fields})
        return {"$ref": _PLACE + name}

    def with_examples(self) -> dict[str, Schema]:
        return {
            name: {**schema, "examples": [example_of(name, self.found)]}
            for name, schema in sorted(self.found.items())
        }

    def _add(
        self, model: type[BaseModel], name: str, *, mode: Literal["validation", "serialization"]
    ) -> None:
        schema = self._schema(model, mode=mode)
        for part, said in (*schema.pop("$defs", {}).items(), (name, schema)):
            self._keep(part, said)

    def _schema(
        self, model: type[BaseModel], *, mode: Literal["validation", "serialization"]
    ) -> Schema:
        schema = model.model_json_schema(
            mode=mode, schema_generator=_Plain, ref_template=_PLACE + "{model}"
        )
        resolved: Schema = self._resolve(schema)
        return resolved

    def _keep(self, name: str, schema: Schema) -> None:
        schema.pop("title", None)
        if self.found.setdefault(name, schema) != schema:
            raise ValueError(f"{name} is the name of two different schemas.")

    def _resolve(self, schema: Any) -> Any:
        """With references to what the catalogue offers in place of the questions for it."""
        if isinstance(schema, list):
            return [self._resolve(each) for each in schema]
        if not isinstance(schema, dict):
            return schema
        resolved = {key: self._resolve(each) for key, each in schema.items()}
        if (name := resolved.pop(CATALOGUE, None)) is not None:
            self.found[name] = self._offers[name]
            resolved["$ref"] = _PLACE + name
        return resolved


class _Plain(GenerateJsonSchema):
    """Nothing that repeats the field's name; and every key of an answer is there every time."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 (pydantic's own)
        return False

    def default_schema(self, schema: Any) -> JsonSchemaValue:
        described = super().default_schema(schema)
        if described.get("default", ...) is None:
            del described["default"]
        return described

    def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: FBT001 (pydantic's own)
        if self.mode == "serialization":
            return not {"serialization_exclude", "serialization_exclude_if"} & field.keys()
        return super().field_is_required(field, total)


def _offers(catalogue: Catalogue) -> dict[str, Schema]:
    """What any of the models makes. Which of it a model makes, `GET /v1/models` says."""
    models = catalogue.models
    sizes = dict.fromkeys(size for model in models for size in model.sizes)
    seconds = [seconds for model in models for seconds in model.seconds]
    return {
        "ModelName": _words("A model of this server.", [model.name for model in models]),
        "VideoSize": _words("A size that some model makes.", map(str, sizes)),
        "VideoSeconds": _numbers("A length that some model makes, in seconds.", seconds),
        "VideoWidth": _numbers("In pixels.", [size.width for size in sizes]),
        "VideoHeight": _numbers("In pixels.", [size.height for size in sizes]),
    }


def _titled(operation_id: str) -> str:
    return operation_id.title().replace("_", "")


def _flat(field: Schema) -> Schema:
    """Without the choices that a form cannot spell."""
    if field.get("type") == "array":
        return {**field, "items": _flat(field["items"])}
    if "anyOf" not in field:
        return field
    choices = [_flat(choice) for choice in field["anyOf"] if not _is_nested(choice)]
    if len(choices) > 1:
        return {**field, "anyOf": choices}
    return {**{key: said for key, said in field.items() if key != "anyOf"}, **choices[0]}


def _is_nested(choice: Schema) -> bool:
    return choice.get("type") == "null" or str(choice.get("$ref", "")).endswith("Reference")


def _words(description: str, words: Iterable[str]) -> Schema:
    return {"description": description, "type": "string", "enum": list(words)}


def _numbers(description: str, numbers: Iterable[int]) -> Schema:
    """Or their text."""
    allowed = sorted(set(numbers))
    texts = {"type": "string", "enum": [*map(str, allowed)]}
    return {
        "description": description,
        "anyOf": [{"type": "integer", "enum": allowed}, texts],
    }
