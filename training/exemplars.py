"""Chooses the training digits that represent all of them."""

import numpy as np
from numpy.typing import NDArray

from classifier.recognition import active_learning
from classifier.recognition.exemplars import Exemplars
from classifier.recognition.recognizer import Recognizer
from classifier.recognition.uncertainty import Floats
from training.data.images import Images

PER_CLASS = 300
CANDIDATES = 10_000


def choose_exemplars(recognizer: Recognizer, digits: Images) -> Exemplars:
    """Choose digits that are spread over each class, the most typical of a class first.

    `digits` must be MNIST's: exemplars are shown to everybody, and uploads belong to their senders.
    """
    sample = digits[np.random.default_rng(0).permutation(len(digits))[:CANDIDATES]]
    features = np.array([each.features for each in recognizer.recognize(sample.pixels)])
    classes = [np.flatnonzero(sample.labels == digit) for digit in np.unique(sample.labels)]
    chosen = np.concatenate([indices[_find_medoids(features[indices])] for indices in classes])
    embeddings = [active_learning.encode_embedding(each) for each in features[chosen]]
    return Exemplars(
        pixels=sample.pixels[chosen],
        labels=sample.labels[chosen],
        embeddings=active_learning.decode_embeddings(embeddings, features.shape[1]),
    )


def _find_medoids(points: Floats) -> NDArray[np.int64]:
    """Return the indices of the points (N, F) nearest to k-means' centres, by cluster size."""
    from sklearn.cluster import KMeans

    clusters = KMeans(min(PER_CLASS, len(points)), n_init=1, random_state=0).fit(points)
    distances = clusters.transform(points)
    sizes = np.bincount(clusters.labels_, minlength=distances.shape[1])
    nearest = distances.argmin(axis=0)[np.argsort(-sizes, kind="stable")]
    return np.array(list(dict.fromkeys(nearest.tolist())))
