"""Describes the effects of new labels: the champion's answers and the new model's, side by side."""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby

from classifier.recognition.labels import KNOWN_LABELS
from training.data.images import GroupedImages
from training.evaluation.evaluate import EvaluatedPictures, Metrics, measure
from training.evaluation.gate import Comparison
from training.evaluation.results import EvaluationResults

MAX_GROUPS = 60  # of each label
MAX_CHANGED = 60  # images of each set that got better, and as many that got worse


@dataclass(frozen=True)
class LearnedGroup:
    """The number of near-duplicates with one label, and both models' answers to one of them."""

    image: str
    images: int
    champion: str
    candidate: str


@dataclass(frozen=True)
class LearnedLabel:
    """The images with one new label, how many each model reads right, and the first groups.

    Groups in which the answer changed come first.
    """

    label: str
    images: int
    champion_right: int
    candidate_right: int
    groups: list[LearnedGroup]


@dataclass(frozen=True)
class LabelEffects:
    """The new labels, and the champion's metrics on the sets of the comparison.

    `answers` maps the ids of images that got better or worse to the champion's and the candidate's
    answer. `asdict` returns the JSON form.
    """

    labels: list[LearnedLabel]
    answers: dict[str, tuple[str, str]]
    champion_metrics: dict[str, Metrics]


def describe_effects(
    comparison: Comparison,
    results: EvaluationResults,
    champion: dict[str, EvaluatedPictures],
    new: GroupedImages,
    new_answers: tuple[EvaluatedPictures, EvaluatedPictures],
) -> LabelEffects:
    """Describe a candidate's results beside the champion's answers to the same sets.

    `new_answers` are the answers of the champion and of the candidate to the images with new
    labels.
    """
    answers: dict[str, tuple[str, str]] = {}
    for name, difference in comparison.sets.items():
        changed = {*difference.better[:MAX_CHANGED], *difference.worse[:MAX_CHANGED]}
        texts = zip(
            results.sets[name].ids, champion[name].texts, results.answers[name].texts, strict=True
        )
        answers |= {id_: (before, after) for id_, before, after in texts if id_ in changed}
    return LabelEffects(
        labels=list_learned_labels(new, *new_answers),
        answers=answers,
        champion_metrics={name: measure(pictures) for name, pictures in champion.items()},
    )


def list_learned_labels(
    new: GroupedImages, champion: EvaluatedPictures, candidate: EvaluatedPictures
) -> list[LearnedLabel]:
    """Return the labels in their order, each with its groups, the most changed first."""
    order = sorted(range(len(new.ids)), key=lambda index: (new.images.labels[index], index))
    return [
        _describe_label(new, champion, candidate, label, [*indices])
        for label, indices in groupby(order, key=lambda index: int(new.images.labels[index]))
    ]


def _describe_label(
    new: GroupedImages,
    champion: EvaluatedPictures,
    candidate: EvaluatedPictures,
    label: int,
    indices: list[int],
) -> LearnedLabel:
    sizes = Counter(new.groups[index] for index in indices)
    # The first image of each group stands for it.
    first = {new.groups[index]: index for index in reversed(indices)}.values()
    shown = sorted(
        first, key=lambda index: (champion.texts[index] == candidate.texts[index], index)
    )
    return LearnedLabel(
        label=KNOWN_LABELS[label],
        images=len(indices),
        champion_right=int(champion.correct[indices].sum()),
        candidate_right=int(candidate.correct[indices].sum()),
        groups=[
            LearnedGroup(
                image=new.ids[index],
                images=sizes[new.groups[index]],
                champion=champion.texts[index],
                candidate=candidate.texts[index],
            )
            for index in shown[:MAX_GROUPS]
        ],
    )
