"""Every address that the site answers."""

from collections.abc import Iterator, Mapping
from random import Random
from urllib.parse import quote

from django.urls import Resolver404, URLResolver, get_resolver, resolve

from mnistsite.tests.fuzzing.text import HOSTILE, NOBODY

OUTSIDE_OF_THE_RESOLVER = ["healthz", "metrics", "static/nothing.css", "nowhere", "%00"]
HOSTILE_SHARE = 0.2


def templates(resolver: URLResolver | None = None, prefix: str = "") -> list[str]:
    """Return the addresses with their parameters as in `upload/%(upload_id)s.jpg`."""
    return sorted({*_templates(resolver or get_resolver(), prefix), *OUTSIDE_OF_THE_RESOLVER})


def _templates(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for name in resolver.reverse_dict:
        for possibilities, *_ in resolver.reverse_dict.getlist(name):
            yield from (prefix + template.strip() for template, _ in possibilities)
    for namespace, (inner_prefix, inner) in resolver.namespace_dict.items():
        assert namespace == "admin", "its parameters have names of their own"
        yield from _templates(inner, prefix + inner_prefix)


def shares(templates: list[str]) -> list[float]:
    """Return how often to try each: half of them are the admin's, which is the same code again."""
    return [1.0 if each.startswith("admin/") else 5.0 for each in templates]


def methods(path: str) -> list[str]:
    """Return the methods of an operation of the API; none of other addresses."""
    try:
        view = resolve(path.partition("?")[0]).func
    except Resolver404:
        return []
    names = getattr(view, "actions", None) or dir(getattr(view, "cls", None))
    return [name.upper() for name in names if name in ("get", "post", "patch", "delete")]


def path(template: str, known: Mapping[str, list[str]], random: Random) -> str:
    """Return the address with parameters that are mostly those of rows that exist."""

    class Values(dict[str, str]):
        def __missing__(self, name: str) -> str:
            if random.random() < HOSTILE_SHARE:
                return quote(random.choice([*HOSTILE, NOBODY]), safe="")
            return random.choice(known.get(name, ["1"]))

    return "/" + (template % Values() if "%(" in template else template)
