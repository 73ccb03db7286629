"""The filter of standard error."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

from classifier.recognition.native_stderr import STDERR, filter_stderr


def write_natively(line: str) -> None:
    os.write(STDERR, line.encode() + b"\n")


def test_matching_lines_are_dropped_and_others_pass(capfd: pytest.CaptureFixture[str]) -> None:
    with filter_stderr("^INFO: "):
        write_natively("INFO: all is well")
        write_natively("ERROR: INFO: it is not")
    write_natively("INFO: after it")
    assert capfd.readouterr().err == "ERROR: INFO: it is not\nINFO: after it\n"


def test_stderr_is_restored_after_an_error(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="bad graph"), filter_stderr("^INFO: "):
        raise ValueError("bad graph")
    write_natively("INFO: after it")
    assert capfd.readouterr().err == "INFO: after it\n"


def test_last_lines_of_an_aborting_process_pass() -> None:
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


def test_lines_pass_if_the_filter_cannot_start(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with filter_stderr("^INFO: "):
        write_natively("INFO: all is well")
    assert capfd.readouterr().err == "INFO: all is well\n"
