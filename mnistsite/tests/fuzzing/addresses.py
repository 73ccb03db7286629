"""Every address that the site answers."""

from collections.abc import Iterator, Mapping
from random import Random
from urllib.parse import quote

from django.urls import URLResolver, get_resolver

from mnistsite.tests.fuzzing.text import HOSTILE, NOBODY

OUTSIDE_OF_THE_RESOLVER = ["healthz", "metrics", "static/nothing.css", "nowhere", "%00"]
HOSTILE_SHARE = 0.3


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


def path(template: str, known: Mapping[str, list[str]], random: Random) -> str:
    """Return the address with parameters that are mostly those of rows that exist."""

    class Values(dict[str, str]):
        def __missing__(self, name: str) -> str:
            if random.random() < HOSTILE_SHARE:
                return quote(random.choice([*HOSTILE, NOBODY]), safe="")
            return random.choice(known.get(name, ["1"]))

    return "/" + (template % Values() if "%(" in template else template)
