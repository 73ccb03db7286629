from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from classifier.labelling import verification
from classifier.management.base import ProductCommand


class Command(ProductCommand):
    help = (
        "Verify files, pixels, models, promotions, label history and training runs. Print a line "
        "for each fault, and exit with status 1 if there is one."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--repair",
            action="store_true",
            help="first repair what can be repaired without a loss, and print what was done",
        )
        parser.add_argument(
            "--pictures",
            type=int,
            default=verification.PICTURES,
            help="number of pictures to read again, drawn at random (default: %(default)s)",
        )

    def handle(self, *_: Any, repair: bool, pictures: int, **options: Any) -> None:
        if repair:
            for done in verification.repair_site():
                self.stdout.write(f"repaired: {done}")
        findings = list(verification.verify_site(pictures))
        for finding in findings:
            self.stdout.write(f"{finding.place}: {finding.fault} {finding.advice}")
        if findings:
            raise CommandError(f"{len(findings)} faults.")
        self.stdout.write("Everything is whole.")
