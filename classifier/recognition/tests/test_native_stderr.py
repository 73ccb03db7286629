"""Lines of native libraries on standard error."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from classifier.recognition.native_stderr import STDERR, filter_stderr


def write_as_a_library(line: str) -> None:
    os.write(STDERR, line.encode() + b"\n")


def test_only_lines_that_match_are_dropped(capfd: pytest.CaptureFixture[str]) -> None:
    with filter_stderr("^INFO: "):
        write_as_a_library("INFO: all is well")
        write_as_a_library("ERROR: INFO: it is not")
    write_as_a_library("INFO: after it")
    assert capfd.readouterr().err == "ERROR: INFO: it is not\nINFO: after it\n"


def test_stderr_is_restored_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="bad graph"), filter_stderr("^INFO: "):
        raise ValueError("bad graph")
    write_as_a_library("INFO: after it")
    assert capfd.readouterr().err == "INFO: after it\n"


def test_last_words_of_a_process_that_aborts_are_shown() -> None:
    code = (
        "import os\nfrom classifier.recognition.native_stderr import filter_stderr\n"
        "with filter_stderr('^INFO: '):\n"
        "    os.write(2, b'INFO: hello\\nFATAL: no AVX\\n')\n"
        "    os.abort()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, check=False
    )
    assert done.stderr == b"FATAL: no AVX\n"


def test_everything_is_shown_where_the_filter_cannot_start(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with filter_stderr("^INFO: "):
        write_as_a_library("INFO: all is well")
    assert capfd.readouterr().err == "INFO: all is well\n"
