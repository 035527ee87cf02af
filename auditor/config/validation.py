"""JSON Schema validation with errors that a person can act on."""

from __future__ import annotations

import difflib
import json
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from auditor.config.document import Document, pointer_of
from auditor.errors import ConfigError, InputError

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


MAX_SHOWN = 60


@cache
def packaged_schema(package: str, name: str) -> dict[str, Any]:
    """A JSON Schema that ships in `package`; one that `extends` another has its properties as well."""
    schema: dict[str, Any] = json.loads(resources.files(package).joinpath(name).read_text("utf-8"))
    extended = schema.pop("extends", None)
    if extended is None:
        return schema
    base = packaged_schema(package, extended)
    return {**base, **schema, "properties": {**base["properties"], **schema["properties"]}}


def check_document(
    document: Document,
    schema: dict[str, Any],
    *,
    at: str = "",
    data: Any = None,
    kind: type[InputError | ConfigError] = ConfigError,
) -> None:
    """Raise `kind` for the first error in `document` (or in `data`, found at pointer `at` of it).

    The error names the file, the line, the field and what was expected.
    """
    value = document.data if data is None else data
    for pointer, message in problems(value, schema):
        full = at + pointer
        raise kind(message, path=document.path, line=document.line(full), field=full.lstrip("/").replace("/", "."))


def problems(value: Any, schema: dict[str, Any]) -> list[tuple[str, str]]:
    """(pointer, message) of every violation, in document order."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)
    found = sorted(validator.iter_errors(value), key=lambda error: [str(part) for part in error.absolute_path])
    return [_explain(_deepest(error)) for error in found]


def _deepest(error: ValidationError) -> ValidationError:
    """Of a failed anyOf/oneOf, the branch that came closest."""
    while error.context:
        error = max(error.context, key=lambda inner: len(inner.absolute_path))
    return error


def _explain(error: ValidationError) -> tuple[str, str]:
    parts = list(error.absolute_path)
    shown = _short(error.instance)
    wanted: Any = error.validator_value
    schema: Any = error.schema
    instance: Any = error.instance
    match error.validator:
        case "additionalProperties":
            known = sorted(schema.get("properties", {}))
            extra = sorted(set(instance) - set(known))
            near = difflib.get_close_matches(extra[0], known, n=1) if extra else []
            hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
            parts.append(extra[0] if extra else "")
            return pointer_of(parts), f"unknown key; {hint}"
        case "required":
            missing = [name for name in wanted if name not in instance]
            return pointer_of(parts), f"needs {', '.join(missing)}"
        case "dependentRequired":
            pairs = [(name, other) for name in wanted if name in instance for other in wanted[name]]
            missing = [f"{name} needs {other}" for name, other in pairs if other not in instance]
            return pointer_of(parts), f"{missing[0]} beside it"
        case "oneOf" if all(set(branch) == {"required"} for branch in wanted):
            names = [name for branch in wanted for name in branch["required"]]
            return pointer_of(parts), f"takes one of {', '.join(names)}, not several"
        case "type":
            wanted = wanted if isinstance(wanted, str) else " or ".join(wanted)
            return pointer_of(parts), f"expected {wanted}, got {shown}"
        case "enum":
            allowed = ", ".join(json.dumps(value) for value in wanted)
            return pointer_of(parts), f"expected one of {allowed}, got {shown}"
        case "const":
            return pointer_of(parts), f"expected {json.dumps(wanted)}, got {shown}"
        case "pattern" | "format":
            return pointer_of(parts), f"expected the form {wanted}, got {shown}"
        case _:
            return pointer_of(parts), error.message[:200]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."
