"""Which training digits stand for all of them: the middle of each of many groups of every class."""

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import active_learning
from classifier.recognition.exemplars import Exemplars
from classifier.recognition.recognizer import Recognizer
from classifier.recognition.uncertainty import Floats
from training.data.images import Images

OF_EACH = 300
CANDIDATES = 10_000


def choose(recognizer: Recognizer, learnt: Images) -> Exemplars:
    """`learnt` are MNIST's digits, as what people upload belongs to them. Of each class the most
    usual comes first."""
    some = learnt[np.random.default_rng(0).permutation(len(learnt))[:CANDIDATES]]
    whitened = np.array([found.whitened for found in recognizer.recognize(some.pixels)])
    classes = [np.flatnonzero(some.labels == digit) for digit in np.unique(some.labels)]
    chosen = np.concatenate([places[_medoids(whitened[places])] for places in classes])
    embeddings = [active_learning.embedding(each) for each in whitened[chosen]]
    return Exemplars(
        pixels=some.pixels[chosen],
        labels=some.labels[chosen],
        embeddings=active_learning.embeddings(embeddings, whitened.shape[1]),
    )


def _medoids(points: Floats) -> NDArray[np.int64]:
    """(N, F) → the places of those nearest to k-means' centres, that of the largest group first."""
    from sklearn.cluster import KMeans

    found = KMeans(min(OF_EACH, len(points)), n_init=1, random_state=0).fit(points)
    apart = found.transform(points)
    sizes = np.bincount(found.labels_, minlength=apart.shape[1])
    nearest = apart.argmin(axis=0)[np.argsort(-sizes, kind="stable")]
    return np.array(list(dict.fromkeys(nearest.tolist())))
