"""A type of the OpenAPI schema, in words that fit into a table's cell."""

from typing import Any


def shape(schema: dict[str, Any]) -> str:
    """Such as `string, uuid` or `array of Digit`, with links to the objects."""
    if reference := schema.get("$ref"):
        name = reference.rpartition("/")[2]
        return f"[{name}](#object-{name.lower()})"
    for several, word in (("oneOf", " or "), ("anyOf", " or "), ("allOf", " and ")):
        if several in schema:
            return word.join(dict.fromkeys(map(shape, schema[several])))
    if "enum" in schema:
        return ", ".join(map(value, schema["enum"]))
    if "const" in schema:
        return value(schema["const"])
    return ", ".join(filter(None, [of_type(schema), limits(schema)]))


def value(found: object) -> str:
    return f"`{'null' if found is None else found if found != '' else '(empty)'}`"


def of_type(schema: dict[str, Any]) -> str:
    kinds = schema.get("type", "anything")
    names = [named(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    return " or ".join(names)


def named(kind: str, schema: dict[str, Any]) -> str:
    if kind == "array":
        return f"array of {shape(schema.get('items', {}))}"
    if kind == "object" and "properties" in schema:
        fields = (f"`{name}` ({shape(each)})" for name, each in schema["properties"].items())
        return f"object with {', '.join(fields)}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        values = shape(schema["additionalProperties"])
        return f"object of {values}" if values != "anything" else "object"
    kept = schema.get("format") if kind == "string" else None
    return f"{kind}, {kept}" if kept else kind


def limits(schema: dict[str, Any]) -> str:
    units = (("minimum", "maximum", ""), ("minItems", "maxItems", ""))
    for least, most, unit in (*units, ("minLength", "maxLength", " characters")):
        if least in schema and schema.get(least) == schema.get(most):
            return f"exactly {schema[least]}{unit}"
        if least in schema and most in schema:
            return f"{schema[least]} to {schema[most]}{unit}"
        if most in schema:
            return f"at most {schema[most]}{unit}"
        if schema.get(least):
            return f"at least {schema[least]}{unit}"
    return ""


def cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())
