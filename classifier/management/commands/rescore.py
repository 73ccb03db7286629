"""Reads what has been uploaded again, with the model in service."""

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from classifier.errors import RuleBroken
from classifier.monitoring import workers
from classifier.uploads import rescoring
from classifier.uploads.rescoring import RescoringProgress

LOOK_EVERY_S = 1.0
AGAIN = "python manage.py rescore"


class Command(BaseCommand):
    help = (
        "Reads every uploaded image again with the model in service, as what was uploaded before "
        "its promotion still has what an earlier model said. The labelling queue follows: guess, "
        "doubt and what is alike. Workers on any number of machines share the work; this command "
        "queues it and shows how far it is. Ctrl-C leaves the workers at it, and running the "
        "command again goes on showing, or takes up what a killed worker has left."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--no-wait", action="store_true", help="queue the work and return")

    def handle(self, *args: Any, no_wait: bool, **options: Any) -> None:
        try:
            self.read(no_wait)
        except RuleBroken as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(
                f"Left. The workers go on; this shows how far they are: {AGAIN}", returncode=130
            ) from None

    def read(self, no_wait: bool) -> None:
        """In rounds, as some may be left or new after each, until one has changed nothing."""
        before = None
        while (standing := rescoring.start_rescoring()).unread:
            if standing == before:
                raise CommandError(
                    f"{standing.unread:,} images could not be read; the workers' logs say why. "
                    f"Run it again: {AGAIN}"
                )
            self.announce(standing)
            if no_wait:
                return
            self.follow(standing)
            before = standing
        self.stdout.write(f"Every uploaded image has been read by {standing.model}.")

    def announce(self, standing: RescoringProgress) -> None:
        self.stdout.write(
            f"Model {standing.model} has yet to read {standing.unread:,} of "
            f"{standing.uploaded:,} uploaded images."
        )
        if not workers.is_worker_alive():
            self.stdout.write(
                "No worker is running. Start one: python manage.py procrastinate worker"
            )

    def follow(self, standing: RescoringProgress) -> None:
        """A line for each per cent; on a terminal always the same line."""
        shown = None
        while (left := rescoring.count_waiting(standing.model)) is not None:
            read = max(standing.uploaded - left, 0)
            share = f"{read / standing.uploaded:.0%}"
            if share != shown:
                self.show(f"{read:,} of {standing.uploaded:,} read, {share}")
            shown = share
            time.sleep(LOOK_EVERY_S)
        if self.stdout.isatty():
            self.stdout.write("")

    def show(self, line: str) -> None:
        if self.stdout.isatty():
            self.stdout.write(f"\r{line}", ending="")
            self.stdout.flush()
        else:
            self.stdout.write(line)
