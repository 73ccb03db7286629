"""The tables of settings and of errors have all that the code has, and no more."""

import ast
import re
from collections.abc import Iterator

from mnistsite.tests.examples import DOCS, ROOT
from reference import readme

PACKAGES = ("classifier", "mnistsite", "training")
READERS = {"string", "boolean", "integer", "one_of", "items", "origins", "path", "secret"}
# Set by the code itself, or by Django's and TensorFlow's own documentation.
NOT_OURS = {"DJANGO_SETTINGS_MODULE", "TF_CPP_MIN_LOG_LEVEL", "ADMIN_PASSWORD_FILE"}
ONLY_FOR_WANDB = {"WANDB_API_KEY"}
OF_THE_FRAMEWORK = {
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


def sources() -> Iterator[ast.AST]:
    files = [file for package in PACKAGES for file in (ROOT / package).rglob("*.py")]
    for file in [ROOT / "gunicorn.conf.py", *files]:
        if "tests" not in file.parts:
            yield from ast.walk(ast.parse(file.read_text()))


def text_of(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def variables() -> dict[str, bool]:
    """Every environment variable that is read, and whether it is a secret."""
    found: dict[str, bool] = {}
    for node in sources():
        if not isinstance(node, ast.Call) or not node.args:
            continue
        called = ast.unparse(node.func)
        module, _, reader = called.rpartition(".")
        if (
            (name := text_of(node.args[0]))
            and name not in NOT_OURS | ONLY_FOR_WANDB
            and (called == "os.environ.get" or (module == "env" and reader in READERS))
        ):
            found[name] = found.get(name, False) or reader == "secret"
    return found


def in_table() -> dict[str, bool]:
    """The README's, and whether they are marked with a star; `_X` goes on from the row's first."""
    found: dict[str, bool] = {}
    for row in re.findall(r"^\| (`.*?) \|", readme.settings(), re.MULTILINE):
        first = ""
        for name, star in re.findall(r"`(\w+)`( \*)?", row):
            first = first or name
            whole = first.rpartition("_")[0] + name if name.startswith("_") else name
            found[whole] = bool(star)
    return found


def test_the_table_of_settings_has_each_variable_and_no_other() -> None:
    assert in_table() == variables()


def codes() -> Iterator[str]:
    """Every code of an error that is written down somewhere in the code."""
    places = {"ImageError": 0, "Problem": 1, "failure": 2, "Outage": 0}
    for node in sources():
        found: list[ast.AST | None] = []
        if isinstance(node, ast.Call):
            name = ast.unparse(node.func).rpartition(".")[2]
            found += [node.args[places[name]]] if name in places else []
            found += [each.value for each in node.keywords if each.arg == "code"]
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "default_code":
            found += [node.value]
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == "CONFLICTS":
            assert isinstance(node.value, ast.Dict)
            found += node.value.values
        yield from filter(None, (text_of(each) for each in found if each))
    yield from re.findall(r'"code": "(\w+)"', (ROOT / "nginx.conf").read_text())


def test_the_tables_of_errors_have_each_code_and_no_other() -> None:
    text = (DOCS / "reference/errors.md").read_text()
    rows = re.findall(r"^\| (`.*?) \| \d", text, re.MULTILINE)
    listed = [code for row in rows for code in re.findall(r"`(\w+)`", row)]
    assert len(listed) == len(set(listed))
    assert set(listed) == {*codes()} | OF_THE_FRAMEWORK
