"""Tables that long tests print below pytest's report."""

from dataclasses import dataclass, field
from typing import Any

import pytest


@dataclass
class Table:
    """Rows below the names of their columns; numbers are aligned at the right."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]] = field(default_factory=list)

    @classmethod
    def get(cls, config: pytest.Config, columns: tuple[str, ...]) -> "Table":
        """Return the table that is printed at the end of this run."""
        return config.stash.setdefault(KEY, cls(columns))

    def add(self, *row: Any) -> None:
        self.rows.append(row)

    def list_lines(self) -> list[str]:
        cells = [self.columns, *([self._format(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        return [
            "  ".join(
                cell.rjust(width) if index else cell.ljust(width)
                for index, (cell, width) in enumerate(zip(row, widths, strict=True))
            )
            for row in cells
        ]

    @staticmethod
    def _format(cell: Any) -> str:
        return f"{cell:,}" if isinstance(cell, int) else str(cell)


KEY = pytest.StashKey[Table]()


def print_table(reporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if table := config.stash.get(KEY, None):
        reporter.section("Figures")
        for line in table.list_lines():
            reporter.write_line(line)
