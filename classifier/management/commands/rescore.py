import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from classifier.management.base import ProductCommand
from classifier.monitoring import workers
from classifier.uploads import rescoring
from classifier.uploads.rescoring import RescoringProgress

INTERVAL_S = 1.0
COMMAND = "python manage.py rescore"


class Command(ProductCommand):
    help = (
        "Read every uploaded image again with the champion. Images uploaded before its promotion "
        "still have the answers of an earlier model. The labelling queue is updated, too. The "
        "work is done by the workers, on any number of machines; this command starts it and shows "
        "the progress. Ctrl-C does not stop the workers. Run the command again to see the "
        "progress, or to continue after a worker was killed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-wait", action="store_true", help="start the work and return")

    def handle(self, *args: Any, no_wait: bool, **options: Any) -> None:
        try:
            self.rescore(no_wait)
        except KeyboardInterrupt:
            raise CommandError(
                f"The workers continue. To see their progress, run: {COMMAND}", returncode=130
            ) from None

    def rescore(self, no_wait: bool) -> None:
        """Repeat until nothing is left, because images may fail or arrive during a round."""
        previous = None
        while (progress := rescoring.start_rescoring()).unread:
            if progress == previous:
                raise CommandError(
                    f"{progress.unread:,} images could not be read; the workers' logs say why. "
                    f"Run it again: {COMMAND}"
                )
            self.announce(progress)
            if no_wait:
                return
            self.follow(progress)
            previous = progress
        self.stdout.write(f"Every uploaded image has been read by {progress.model}.")

    def announce(self, progress: RescoringProgress) -> None:
        self.stdout.write(
            f"Model {progress.model} has yet to read {progress.unread:,} of "
            f"{progress.uploaded:,} uploaded images."
        )
        if not workers.is_worker_alive():
            self.stdout.write(
                "No worker is running. Start one: python manage.py procrastinate worker"
            )

    def follow(self, progress: RescoringProgress) -> None:
        """Print a line for each per cent; on a terminal, replace the last one."""
        last_share = None
        while (waiting := rescoring.count_waiting(progress.model)) is not None:
            read = max(progress.uploaded - waiting, 0)
            share = f"{read / progress.uploaded:.0%}"
            if share != last_share:
                self.print_line(f"{read:,} of {progress.uploaded:,} read, {share}")
            last_share = share
            time.sleep(INTERVAL_S)
        if self.stdout.isatty():
            self.stdout.write("")

    def print_line(self, line: str) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"\r{line}", ending="")
            self.stdout.flush()
        else:
            self.stdout.write(line)
