"""The table of settings, which the README holds and the site shows."""

from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"


def section(title: str) -> str:
    """What stands below a heading of the second level, up to the next one."""
    _, found, rest = README.read_text().partition(f"\n## {title}\n")
    if not found:
        raise ValueError(f"{README} has no section {title!r}.")
    return rest.partition("\n## ")[0].strip()


def settings() -> str:
    return section("Settings")
