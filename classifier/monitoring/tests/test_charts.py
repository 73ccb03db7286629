import re
from itertools import pairwise

import pytest

from classifier.monitoring import charts


def list_y_labels(chart: str) -> list[float]:
    return [float(each.replace(",", "")) for each in re.findall(r'class="y"[^>]*>([^<]*)<', chart)]


def list_x_labels(chart: str) -> list[str]:
    return re.findall(r'class="x" [^>]*>([^<]*)<', chart)


def test_line_has_a_labelled_point_for_each_value() -> None:
    chart = charts.draw_lines({"member 1": [0.9, 0.5, 0.1]}, "Loss", "epoch")

    heights = [float(y) for y in re.findall(r"[\d.]+,([\d.]+)", chart.split("points=")[1][:60])]
    assert sorted(heights) == heights  # y grows downwards
    assert re.findall(r"<circle[^>]*><title>([^<]*)<", chart) == [
        "member 1, 1: 0.9",
        "member 1, 2: 0.5",
        "member 1, 3: 0.1",
    ]
    assert 'role="img" aria-label="Loss. member 1: from 0.9 to 0.1"' in chart


def test_chart_of_several_lines_has_a_legend() -> None:
    assert "legend" not in charts.draw_lines({"a": [1]}, "One")
    assert charts.draw_lines({"a": [1], "b": [2]}, "Two").count("<li ") == 2


@pytest.mark.parametrize(
    "values", [[], [0.0], [3.0], [5.0, 5.0], [0.991, 0.9935], [1e-6, 2e-6], [0, 123456], [-2, 3]]
)
def test_axis_has_equal_steps_around_all_values(values: list[float]) -> None:
    labels = list_y_labels(charts.draw_lines({"a": values}, "Any", format_value="{:.9f}".format))

    assert 2 <= len(labels) <= 6
    steps = [after - before for before, after in pairwise(labels)]
    assert steps == pytest.approx([steps[0]] * len(steps))
    assert all(labels[0] <= value <= labels[-1] for value in values)


def test_bars_start_at_zero_and_match_their_values() -> None:
    chart = charts.draw_bars({"7": 20, "none": 10, "1": 0}, "By label")

    heights = [
        float(height) for height in re.findall(r'class="column"[^>]* height="([\d.]+)"', chart)
    ]
    assert heights == [pytest.approx(2 * heights[1]), heights[1], 0]
    assert list_y_labels(chart)[0] == 0
    assert list_x_labels(chart) == ["7", "none", "1"]
    assert 'aria-label="By label. 7: 20, none: 10, 1: 0"' in chart


def test_labels_that_do_not_fit_are_left_out() -> None:
    days = {f"2026-11-{day:02}": 1.0 for day in range(1, 31)}

    assert list_x_labels(charts.draw_bars(days, "Days")) == [
        f"2026-11-{day:02}" for day in (1, 8, 15, 22, 29)
    ]


def list_cells(chart: str) -> list[list[str]]:
    rows = re.findall(r"<tr>(.*?)</tr>", chart)
    return [re.findall(r"<t[hd][^>]*>([^<]*)<", row) for row in rows]


def test_table_has_every_value() -> None:
    chart = charts.draw_lines({"a": [1, 2], "b": [3]}, "Two", "day", ["Monday", "Tuesday"])

    assert list_cells(chart) == [["day", "a", "b"], ["Monday", "1", "3"], ["Tuesday", "2", ""]]
    bars = charts.draw_bars({"7": 60_000, "1": 62}, "Images", "label")
    assert list_cells(bars) == [["label", "Images"], ["7", "60,000"], ["1", "62"]]


def test_readouts_name_label_and_values() -> None:
    lines = charts.draw_lines({"a": [1, 2], "b": [3, 4]}, "Two", "day", ["Monday", "Tuesday"])

    readouts = re.findall(r'class="readout">.*?<text[^>]*>([^<]*)<', lines)
    assert readouts == ["Monday: a 1, b 3", "Tuesday: a 2, b 4"]
    assert ">7: 60,000</text></g>" in charts.draw_bars({"7": 60_000}, "Images")


def test_names_are_escaped() -> None:
    assert "<b>" not in charts.draw_lines({"<b>": [1], "c": [1]}, "<b>", "<b>", ["<b>"])
    assert "<b>" not in charts.draw_bars({"<b>": 1}, "<b>", "<b>")
