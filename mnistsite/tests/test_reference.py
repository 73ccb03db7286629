"""The tables of the reference pages list what the code has, and nothing else."""

import ast
import re
from collections.abc import Iterator
from typing import Any

from django.core.management import get_commands
from drf_spectacular.generators import SchemaGenerator

from classifier.api.errors import DOMAIN_ERRORS
from mnistsite.tests.examples import DOCS, ROOT

REFERENCE = DOCS / "reference"
PACKAGES = ("classifier", "mnistsite", "training")
READERS = {
    "string",
    "boolean",
    "integer",
    "one_of",
    "items",
    "networks",
    "origins",
    "path",
    "secret",
    "contact",
}
# Set by the code itself, or documented by Django and TensorFlow.
OTHER_VARIABLES = {"DJANGO_SETTINGS_MODULE", "TF_CPP_MIN_LOG_LEVEL", "ADMIN_PASSWORD_FILE"}
WANDB_VARIABLES = {"WANDB_API_KEY"}
FRAMEWORK_CODES = {
    "authentication_failed",
    "error",
    "method_not_allowed",
    "not_acceptable",
    "not_authenticated",
    "not_found",
    "parse_error",
    "permission_denied",
    "throttled",
    "unsupported_media_type",
}


def walk_sources() -> Iterator[ast.AST]:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    for file in [ROOT / "gunicorn.conf.py", *files]:
        if "tests" not in file.relative_to(ROOT).parts:
            yield from ast.walk(ast.parse(file.read_text()))


def get_text(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def find_variables() -> dict[str, bool]:
    """Map each environment variable that the code reads to whether it is a secret."""
    variables: dict[str, bool] = {}
    for node in walk_sources():
        if not isinstance(node, ast.Call) or not node.args:
            continue
        function = ast.unparse(node.func)
        module, _, reader = function.rpartition(".")
        if (
            (name := get_text(node.args[0]))
            and name not in OTHER_VARIABLES | WANDB_VARIABLES
            and (function == "os.environ.get" or (module == "env" and reader in READERS))
        ):
            variables[name] = variables.get(name, False) or reader == "secret"
    return variables


def test_settings_page_lists_each_variable() -> None:
    page = (REFERENCE / "settings.md").read_text()
    cells = re.findall(r"^\| (`.*?) \|", page, re.MULTILINE)
    documented = {
        name: bool(star) for cell in cells for name, star in re.findall(r"`(\w+)`( \*)?", cell)
    }
    assert documented == find_variables()


def test_commands_page_lists_each_command() -> None:
    page = (REFERENCE / "commands.md").read_text()
    documented = re.findall(r"^\| `(\w+)", page, re.MULTILINE)
    commands = [name for name, app in get_commands().items() if app in PACKAGES]
    assert sorted(documented) == sorted(commands)


def find_operations() -> dict[str, str]:
    """Map each operation, such as "GET /api/models", to the scope that it needs, or ""."""
    generator = SchemaGenerator()  # type: ignore[no-untyped-call]
    schema: dict[str, Any] = generator.get_schema(request=None, public=True)  # type: ignore[no-untyped-call]
    return {
        f"{method.upper()} {path}": "".join(
            scope for way in operation.get("security", []) for scope in way.get("token", [])
        )
        for path, methods in schema["paths"].items()
        for method, operation in methods.items()
    }


def test_api_page_lists_each_operation() -> None:
    page = (REFERENCE / "api.md").read_text()
    rows = re.findall(r"^\| `([A-Z]+ /api/.*?)` \|.*\|(?: `(\w+)`)? \|$", page, re.MULTILINE)
    assert dict(rows) == find_operations()


def find_error_codes() -> Iterator[str]:
    """Yield every error code that the code spells out."""
    yield from (code for _, code in DOMAIN_ERRORS.values())
    positions = {"ImageError": 0, "Problem": 1, "render_error": 2, "Outage": 0}
    for node in walk_sources():
        codes: list[ast.AST | None] = []
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            codes += [node.args[positions[name]]] if name in positions else []
            codes += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "default_code":
            codes += [node.value]
        yield from filter(None, (get_text(code) for code in codes if code))
    yield from re.findall(r'"code": "(\w+)"', (ROOT / "nginx.conf").read_text())


def test_errors_page_lists_each_code() -> None:
    page = (REFERENCE / "errors.md").read_text()
    rows = re.findall(r"^\| (`.*?) \| \d", page, re.MULTILINE)
    documented = [code for row in rows for code in re.findall(r"`(\w+)`", row)]
    assert len(documented) == len(set(documented))
    assert set(documented) == {*find_error_codes()} | FRAMEWORK_CODES
