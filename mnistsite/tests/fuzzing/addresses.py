"""List the site's URLs, and fill their parameters."""

from collections.abc import Iterator, Mapping
from random import Random
from urllib.parse import quote

from django.urls import Resolver404, URLResolver, get_resolver, resolve

from mnistsite.tests.fuzzing.text import HOSTILE, UNKNOWN_ID

OTHER_PATHS = ["healthz", "metrics", "static/nothing.css", "nowhere", "%00"]
HOSTILE_SHARE = 0.2


def list_templates() -> list[str]:
    """Return URL templates such as `upload/%(upload_id)s.jpg`."""
    return sorted({*_find_templates(get_resolver(), ""), *OTHER_PATHS})


def _find_templates(resolver: URLResolver, prefix: str) -> Iterator[str]:
    for name in resolver.reverse_dict:
        for possibilities, *_ in resolver.reverse_dict.getlist(name):
            yield from (prefix + template.strip() for template, _ in possibilities)
    for namespace, (inner_prefix, inner) in resolver.namespace_dict.items():
        assert namespace == "admin", "a new namespace needs parameters in conftest.py"
        yield from _find_templates(inner, prefix + inner_prefix)


def get_weights(templates: list[str]) -> list[float]:
    """Weigh the admin's templates less: they are half of all and share their code."""
    return [1.0 if template.startswith("admin/") else 5.0 for template in templates]


def list_methods(path: str) -> list[str]:
    """Return the methods of an API operation, or none for other URLs."""
    try:
        view = resolve(path.partition("?")[0]).func
    except Resolver404:
        return []
    names = getattr(view, "actions", None) or dir(getattr(view, "cls", None))
    return [name.upper() for name in names if name in ("get", "post", "patch", "delete")]


def fill_template(template: str, parameters: Mapping[str, list[str]], random: Random) -> str:
    """Return a path whose parameters mostly exist."""

    class Values(dict[str, str]):
        def __missing__(self, name: str) -> str:
            if random.random() < HOSTILE_SHARE:
                return quote(random.choice([*HOSTILE, UNKNOWN_ID]), safe="")
            return random.choice(parameters.get(name, ["1"]))

    return "/" + (template % Values() if "%(" in template else template)
