"""Every operation and object of the API, from its OpenAPI schema."""

import json
from collections import defaultdict
from functools import cache
from http import HTTPStatus
from typing import Any

from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiJsonRenderer

from reference.shapes import cell, shape

JSON = "application/json"
METHODS = ("get", "post", "put", "patch", "delete")
Found = dict[str, Any]


@cache
def schema() -> Found:
    found = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    loaded: Found = json.loads(OpenApiJsonRenderer().render(found, renderer_context={}))
    named = loaded["components"]["schemas"]
    choices = {name: each for name, each in named.items() if "properties" not in each}
    for name in choices:
        del named[name]
    inlined: Found = with_choices(loaded, choices)
    return inlined


def with_choices(part: Any, choices: Found) -> Any:
    """The few values of an enumeration are read best where they are used."""
    if isinstance(part, list):
        return [with_choices(each, choices) for each in part]
    if not isinstance(part, dict):
        return part
    chosen = choices.get(str(part.get("$ref", "")).rpartition("/")[2])
    if chosen:
        kept = {key: part[key] for key in part if key != "$ref"}
        return {key: chosen[key] for key in chosen if key != "description"} | kept
    return {key: with_choices(each, choices) for key, each in part.items()}


def operations() -> str:
    """In groups by what they are about; first those that anybody may call."""
    groups: dict[str, list[tuple[str, str, Found]]] = defaultdict(list)
    for path, methods in schema()["paths"].items():
        for method in METHODS:
            if operation := methods.get(method):
                groups[operation["tags"][0]].append((path, method, operation))
    order = sorted(groups, key=lambda name: sum(map(for_staff, groups[name])) / len(groups[name]))
    return "\n\n".join(grouped(name, groups[name]) for name in order)


def for_staff(found: tuple[str, str, Found]) -> bool:
    security = found[2].get("security", [])
    return bool(security) and {} not in security


def grouped(name: str, group: list[tuple[str, str, Found]]) -> str:
    """What is said of several of its operations is said once."""
    every = [operation.get("description", "") for _, _, operation in group]
    shared = [*dict.fromkeys(each for each in every if each and every.count(each) > 1)]
    operations = (described(*each, shared) for each in group)
    return "\n\n".join([f"## {name.capitalize()}", *shared, *operations])


def described(path: str, method: str, operation: Found, shared: list[str]) -> str:
    parts = [
        f"### `{method.upper()} {path}` {{ #{operation['operationId']} }}",
        said(operation, shared),
        who(operation),
        parameters(operation.get("parameters", [])),
        body(operation.get("requestBody")),
        responses(operation["responses"]),
    ]
    return "\n\n".join(filter(None, parts))


def said(operation: Found, shared: list[str]) -> str:
    summary, description = operation.get("summary", ""), operation.get("description", "")
    own = "" if description in shared else description
    return "\n\n".join(filter(None, [summary and f"**{summary}.**", own]))


def who(operation: Found) -> str:
    """Whom it is for, where that is not everybody."""
    needed = operation.get("security", [])
    scopes = {scope for each in needed for scope in each.get("token", [])}
    if not needed or (not scopes and {} in needed):
        return ""
    named = " and ".join(f"`{scope}`" for scope in sorted(scopes))
    others = " Whoever sent it needs none." if {} in needed else ""
    return f"For staff: a token with the scope {named}, or a session.{others}"


def parameters(found: list[Found]) -> str:
    rows = [
        f"| `{each['name']}` | {each['in']}{', required' * required(each)} "
        f"| {shape(each['schema'])} | {cell(each.get('description', ''))} |"
        for each in found
    ]
    return table("| parameter | in | type | meaning |", rows)


def required(parameter: Found) -> bool:
    return bool(parameter.get("required")) and parameter["in"] != "path"


def body(found: Found | None) -> str:
    if not found:
        return ""
    kinds = [f"`{kind}`: {shape(each['schema'])}" for kind, each in found["content"].items()]
    return "Body: " + "; or ".join(kinds) + "."


def responses(found: Found) -> str:
    """What goes well in full, and the statuses of the problems."""
    good = {status: each for status, each in found.items() if int(status) < HTTPStatus.BAD_REQUEST}
    said = [f"{status}: {answered(each)}." for status, each in good.items()]
    problems = ", ".join(status for status in found if status not in good)
    return "Answers: " + " ".join([*said, f"Problems: {problems}." if problems else ""])


def answered(response: Found) -> str:
    if not (content := response.get("content")):
        return "nothing" if response["description"] == "No response body" else phrase(response)
    return "; ".join(
        shape(each["schema"]) if kind == JSON else f"`{kind}`" for kind, each in content.items()
    )


def phrase(response: Found) -> str:
    return str(response["description"]).rstrip(".")


def objects() -> str:
    found = schema()["components"]["schemas"].items()
    return "\n\n".join(
        f"### {name} {{ #object-{name.lower()} }}\n\n{object_(each)}" for name, each in found
    )


def object_(found: Found) -> str:
    if "properties" not in found:
        return f"{shape(found)}. {found.get('description', '')}".strip()
    needed = found.get("required", [])
    rows = [
        f"| `{name}`{'' if name in needed else ' (optional)'} | {shape(each)} "
        f"| {cell(each.get('description', ''))} |"
        for name, each in found["properties"].items()
    ]
    fields = table("| field | type | meaning |", rows)
    return "\n\n".join(filter(None, [found.get("description", ""), fields]))


def table(head: str, rows: list[str]) -> str:
    if not rows:
        return ""
    return "\n".join([head, "|" + "---|" * (head.count("|") - 1), *rows])
