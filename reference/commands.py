"""Every command with its options, from the commands' own parsers and the Makefile."""

import re
from argparse import SUPPRESS, Action, ArgumentParser, HelpFormatter
from collections.abc import Iterator
from pathlib import Path

from django.core.management import get_commands, load_command_class
from django.core.management.base import BaseCommand

APPS = ("classifier", "mnistsite", "training")
MAKEFILE = Path(__file__).resolve().parent.parent / "Makefile"


def all_of_them() -> str:
    return "\n\n".join(described(name, command) for name, command in own())


def own() -> Iterator[tuple[str, BaseCommand]]:
    """The project's commands, without Django's and those of its packages."""
    for name, app in sorted(get_commands().items()):
        if app in APPS:
            yield name, load_command_class(str(app), name)


def described(name: str, command: BaseCommand) -> str:
    parser = command.create_parser("manage.py", name)
    actions = own_actions(parser)
    parts = [f"## {name}", str(command.help), f"```text\n{usage(parser, actions)}\n```"]
    rows = [f"| {spelt(action)} | {cell(action.help)} |" for action in actions if action.help]
    if rows:
        parts.append("\n".join(["| argument | meaning |", "|---|---|", *rows]))
    return "\n\n".join(parts)


def own_actions(parser: ArgumentParser) -> list[Action]:
    """Without those that every command of Django has."""
    shared = {action.dest for action in BaseCommand().create_parser("", "")._actions}
    return [each for each in parser._actions if each.dest not in shared and each.help != SUPPRESS]


def usage(parser: ArgumentParser, actions: list[Action]) -> str:
    formatter = HelpFormatter(f"python {parser.prog}", width=92)
    formatter.add_usage(None, actions, parser._mutually_exclusive_groups, prefix="")
    return formatter.format_help().strip()


def spelt(action: Action) -> str:
    name = ", ".join(action.option_strings) or str(action.metavar or action.dest)
    takes_value = action.option_strings and action.nargs != 0
    value = f" {action.metavar or action.dest.upper()}" if takes_value else ""
    return f"`{name}{value}`"


def cell(help_text: str | None) -> str:
    return (help_text or "").replace("%%", "%").replace("|", "\\|")


def targets() -> str:
    found = re.findall(r"^([a-z-]+):.*?## (.*)$", MAKEFILE.read_text(), re.MULTILINE)
    rows = [f"| `make {name}` | {cell(meaning)} |" for name, meaning in found]
    return "\n".join(["| target | what it does |", "|---|---|", *rows])
