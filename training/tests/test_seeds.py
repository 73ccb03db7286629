"""Seeds of the members of an ensemble."""

from itertools import count

import numpy as np
import pytest

from training.data.images import Images

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("method", ["fit", "fine_tune"])
def test_member_is_trained_with_a_seed_of_its_own(
    method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keras

    from training import network, trainer

    inputs = np.linspace(0, 1, 8 * 784, dtype=np.float32).reshape(8, 28, 28, 1)
    outputs = []
    other_seeds = count(100)

    def run_epochs(model: keras.Model, *_: object) -> None:
        """Record one training step's outputs and leave the generators in an arbitrary state."""
        outputs.append(model(inputs, training=True).numpy())
        keras.utils.set_random_seed(next(other_seeds))

    monkeypatch.setattr(trainer, "_run_epochs", run_epochs)
    images = Images(np.zeros((1, 28, 28), np.uint8), np.zeros(1, np.uint8))
    configuration = trainer.Configuration(epochs=1, members=2, seed=1)
    champion = [network.build_network()] * 2

    def train() -> list[np.ndarray]:
        outputs.clear()
        if method == "fit":
            trainer.fit(images, configuration, lambda _: None, progress_bar=False)
        else:
            trainer.fine_tune(champion, images, configuration, lambda _: None, progress_bar=False)
        return outputs.copy()

    first, again = train(), train()

    assert np.allclose(first, again)
    second_member = len(first) // 2  # fit() trains in two stages
    assert not np.allclose(first[0], first[second_member], atol=1e-3)
