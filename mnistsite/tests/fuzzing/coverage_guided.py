"""No input that coverage-guided fuzzing finds causes a fault: what `make fuzz` runs."""

import os
from functools import partial

import pytest
from django.db import connection

from classifier.recognition.imaging.tests.test_fuzz_pictures import WHOLE
from classifier.recognition.recognizer import Recognizer
from mnistsite.tests.fuzzing.hostile_client import HostileClient
from mnistsite.tests.fuzzing.libfuzzer import Limits, fuzz, read_corpus
from mnistsite.tests.fuzzing.targets import try_archive, try_decoding, try_reading, try_request
from mnistsite.tests.table import Table

pytest.importorskip("atheris", reason="atheris has no wheel for this machine")

SECONDS = 15 * int(os.environ.get("FUZZ_MINUTES", "10"))  # a quarter for each target
DECODERS = ("PIL", "classifier.recognition.imaging")
PARSERS = ("classifier.uploads.archives", "csv", "numpy.lib", "zipfile")
SITE = (
    "classifier.access",
    "classifier.admin",
    "classifier.api",
    "classifier.labelling",
    "classifier.uploads",
    "classifier.web",
    "django.forms",
    "django.http",
    "mnistsite.errors",
    "mnistsite.middleware",
    "mnistsite.observability",
    "rest_framework",
)


@pytest.fixture
def table(request: pytest.FixtureRequest) -> Table:
    columns = ("target", "inputs", "per second", "features", "corpus", "slowest s", "peak MB")
    return Table.get(request.config, columns)


@pytest.mark.filterwarnings("ignore")  # Pillow warns about files that it repairs
def test_decoding_raises_image_error_at_most(table: Table) -> None:
    limits = Limits(1_000_000, SECONDS)
    seeds = [*WHOLE.values(), *read_corpus()]
    table.add("decoding", *fuzz("pictures", try_decoding, DECODERS, limits, seeds).figures)


@pytest.mark.filterwarnings("ignore")
def test_reading_raises_image_error_at_most(baseline: Recognizer, table: Table) -> None:
    act = partial(try_reading, recognizer=baseline)
    limits = Limits(100_000, SECONDS)
    table.add("reading", *fuzz("pictures", act, ("classifier.recognition",), limits).figures)


def test_archive_raises_image_error_at_most(picture: bytes, table: Table) -> None:
    act = partial(try_archive, picture=picture)
    limits = Limits(100_000, SECONDS)
    table.add("archives", *fuzz("archives", act, PARSERS, limits).figures)


@pytest.mark.django_db(transaction=True)
def test_request_causes_no_server_error(
    roles: dict[str, dict[str, str]], parameters: dict[str, list[str]], picture: bytes, table: Table
) -> None:
    act = partial(try_request, client=HostileClient(roles, parameters, picture))
    connection.close()  # the other process opens its own
    limits = Limits(100_000, SECONDS)
    table.add("requests", *fuzz("requests", act, SITE, limits).figures)
