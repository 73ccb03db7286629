"""Runs an action repeatedly in processes that are killed, each one step later than the one before.

A step is a statement that writes, a commit or a change of a file: a kill at a read has the same
effect as a kill at the next step.
"""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from django.conf import settings
from django.db import connection

from classifier.tests import workers

FILE_EVENTS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree"}


def kill_at_each_step(act: Callable[[int], None]) -> Iterator[tuple[int, bool]]:
    """Yield each step, and whether it was killed: all are until the action comes to its end.

    The action gets the step's number.
    """
    for step in count(1):
        connection.close()
        child = os.fork()
        if not child:
            _kill_at(step)
            act(step)
            os._exit(0)
        was_killed = os.WIFSIGNALED(os.waitpid(child, 0)[1])
        yield step, was_killed
        if not was_killed:
            return


def _kill_at(step: int) -> None:
    """Kill this process at that step from now on."""
    steps = count(1)

    def count_step() -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def execute_statement(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if not sql.startswith("SELECT") or " FOR " in sql:
            count_step()
        return execute(sql, *arguments)

    commit = connection.commit

    def count_and_commit() -> None:
        count_step()
        commit()
        count_step()

    def audit(event: str, arguments: tuple[Any, ...]) -> None:
        reads = event == "open" and not arguments[2] & (os.O_WRONLY | os.O_RDWR)
        place = str(settings.MODELS_DIR.parent)
        if event in FILE_EVENTS and not reads and place in str(arguments[0]):
            count_step()

    connection.execute_wrappers.append(execute_statement)
    connection.commit = count_and_commit  # type: ignore[method-assign]
    sys.addaudithook(audit)


def print_step(step: int, was_killed: bool, problems: list[str]) -> None:
    sys.stdout.write(f"{'killed' if was_killed else 'lived'} {step}: {problems or 'none'}\n")


def run_script(script: str, variables: dict[str, str] | None = None) -> tuple[list[str], str]:
    """Run a script that prints steps; return the problems of each, and the errors' stream."""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=workers.build_environment() | (variables or {}),
        cwd=settings.BASE_DIR,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return re.findall(r"^(?:killed|lived) \d+: (.*)$", done.stdout, re.MULTILINE), done.stderr
