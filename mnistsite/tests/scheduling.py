"""Orders the tests, and distributes them to processes."""

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]

# A long file that begins last keeps one processor waiting.
LONGEST_FILES = (
    "mnistsite/tests/test_loop.py",
    "training/tests/test_train.py",
    "classifier/tests/test_kill_loop.py",
    "mnistsite/tests/test_schema.py",
    "training/tests/test_kills.py",
    "mnistsite/tests/test_run.py",
    "mnistsite/tests/test_examples.py",
    "classifier/uploads/tests/test_rescoring_workers.py",
    "training/tests/test_fine_tune.py",
    "classifier/recognition/imaging/tests/test_limits.py",
    "classifier/recognition/imaging/tests/test_find_digits.py",
)
# Files of one process: they import TensorFlow and scikit-learn once, and start one site.
TRAINING = "training/tests"
BROWSER = "classifier/tests/browser"
SITE_FILES = ("mnistsite/tests/test_client.py", "mnistsite/tests/test_examples.py")


class Scheduling(LoadFileScheduling):  # type: ignore[misc]
    """Gives all tests of a file, or of files that share something slow, to one process."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        if file.startswith(TRAINING):
            return TRAINING
        return SITE_FILES[0] if file in SITE_FILES else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduling:
    return Scheduling(config, log)


@pytest.hookimpl(trylast=True)  # after the shuffle
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=rank_by_time)


def rank_by_time(item: pytest.Item) -> int:
    """Return what sorts the longest files first, in their order, and fast tests last.

    Tests in the browser follow each other, so that each process starts it once.
    """
    file = item.nodeid.partition("::")[0]
    if file in LONGEST_FILES:
        return LONGEST_FILES.index(file)
    if file.startswith(BROWSER):
        return len(LONGEST_FILES)
    return len(LONGEST_FILES) + (1 if item.get_closest_marker("slow") else 2)
