"""Graphs of LiteRT that threads share."""

from threading import Lock

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from classifier.recognition.native_stderr import filter_stderr

ANNOUNCEMENT = "^INFO: Created TensorFlow Lite XNNPACK delegate"  # once in each process

Tensor = NDArray[np.float32]


class LiteRtGraph:
    """A graph with one input and one output. Safe to share between threads.

    LiteRT would map a file that it opens itself, and the process would crash if that file were
    truncated later, so a graph is loaded from its content.
    """

    def __init__(self, content: bytes, shape: tuple[int, ...], keeps_shapes: bool = False) -> None:
        """Load the graph, and run it on an input of this shape.

        Other shapes are allocated when they occur, which takes longer than to run the graph; with
        `keeps_shapes` each is allocated once. Raise ValueError if the content is no such graph.
        """
        self._content, self._keeps_shapes, self._lock = content, keeps_shapes, Lock()
        self._interpreters: dict[tuple[int, ...], Interpreter] = {}
        try:
            # The filter starts a process, so it is used once and not for each input.
            with filter_stderr(ANNOUNCEMENT):
                self.run(np.zeros(shape, np.float32))
        except (ValueError, RuntimeError) as error:
            raise ValueError(f"This is not a LiteRT graph: {error}") from error

    def run(self, tensor: Tensor) -> Tensor:
        with self._lock:
            graph = self._interpreters.get(tensor.shape) or self._allocate(tensor.shape)
            graph.set_tensor(graph.get_input_details()[0]["index"], tensor)
            graph.invoke()
            output: Tensor = graph.get_tensor(graph.get_output_details()[0]["index"])
            return output

    def _allocate(self, shape: tuple[int, ...]) -> Interpreter:
        if self._keeps_shapes or not self._interpreters:
            graph = Interpreter(model_content=self._content, num_threads=1)
        else:
            _shape, graph = self._interpreters.popitem()
        graph.resize_tensor_input(graph.get_input_details()[0]["index"], shape)
        graph.allocate_tensors()
        self._interpreters[shape] = graph
        return graph
