"""Networks on a CPU by OpenVINO: bfloat16 where the processor has it, rows of like length together."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Mapping, Sequence, Sized
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from math import ceil
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Literal
from weakref import WeakValueDictionary

import numpy as np
from numpy.typing import NDArray

from kb import precedence
from kb.models.tokens import in_batches

if TYPE_CHECKING:
    import openvino as ov

Hint = Literal["THROUGHPUT", "LATENCY"]
"""Several streams of few threads each, which embed 8% to 17% more; or one stream of all, which gives a query in
little more than half the time."""
BATCH_TOKENS = 256
"""They take a core 0.03 to 0.1 s, and a query may wait for two batches; larger ones take 2 to 7% less."""
_FEWEST_TOKENS = 64
"""Of a batch where a few rows are shared out among all streams."""
_SHARES = 2
"""At least; long rows make short ones of the same batch as long."""
# OpenVINO sets up parts of its Python side at the first inference, under a lock that it holds while it waits for the
# GIL: two threads whose first inferences meet deadlock (openvino 2026.4.1). So the first one is made here, alone.
_FIRST_USE = Lock()
_loaded: WeakValueDictionary[tuple[Path, Hint], OpenVinoNetwork] = WeakValueDictionary()
_LOADING = Lock()


def silence_openvino() -> None:
    """Keep `import openvino` from reporting to an analytics host.

    It does so from a child process, and writes a file into the home folder, whenever openvino_telemetry can be
    imported; where it cannot, OpenVINO takes a stub that does nothing. To be called before any import of openvino.
    """
    sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]


def network_of(graph: Path, hint: Hint = "THROUGHPUT") -> OpenVinoNetwork:
    """The network of a converted model, one for all who use it at a time: half a second, and the size of its weights.

    What lies at `graph` is never changed: it is named by what it was made of.
    """
    with _LOADING:
        found = _loaded.get((graph, hint))
        if found is None:
            found = _loaded[graph, hint] = OpenVinoNetwork(graph, hint)
        return found


class OpenVinoNetwork:
    """A converted network, of which each input is a matrix of whole numbers: a row a text, as long as the longest.

    Safe to share between threads: every batch has a request of its own, so that a query waits for two batches at most,
    never for a whole call of passages.
    """

    def __init__(self, graph: Path, hint: Hint = "THROUGHPUT") -> None:
        with _FIRST_USE:
            self._network = _compiled(graph, hint)
            self.inputs = tuple(str(each.any_name) for each in self._network.inputs)
            # Kept: to make one takes 0.03 s, and waits for the batches under way.
            self._idle: deque[ov.InferRequest] = deque()
            self.infer({name: np.zeros((1, 2), dtype=np.int64) for name in self.inputs})
        self._streams = int(self._network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))
        # Twice as many requests as streams: the next waits when one is done, which is worth 17% of the time.
        self.workers = 2 * self._streams

    @property
    def precision(self) -> str:
        """The numbers it calculates in: "f32", "bf16"."""
        return str(self._network.get_property("INFERENCE_PRECISION_HINT").get_type_name())

    @property
    def width(self) -> int:
        """How many numbers its first output has a row."""
        return int(self._network.output(0).partial_shape[1].get_length())

    def infer(
        self, inputs: Mapping[str, NDArray[np.int64]], *, outputs: int | None = None
    ) -> list[NDArray[np.float32]]:
        """What comes out for one batch: all outputs or the first so many, each with a row for each row of the batch."""
        return self.start(inputs, outputs=outputs)()

    def start(
        self, inputs: Mapping[str, NDArray[np.int64]], *, outputs: int | None = None
    ) -> Callable[[], list[NDArray[np.float32]]]:
        """Starts on one batch, and returns what waits for it and gives what `infer` does, once.

        OpenVINO's own threads do the work, so that the caller may do another meanwhile, even with the GIL.
        """
        try:
            request = self._idle.pop()
        except IndexError:
            request = self._network.create_infer_request()
        for name, values in inputs.items():
            # A copy in the request's own memory: with share_inputs=True, arrays freed after the call corrupt the heap
            # (openvino 2026.4.1).
            tensor = request.get_tensor(name)
            tensor.shape = values.shape
            tensor.data[:] = values
        request.start_async()

        def wait() -> list[NDArray[np.float32]]:
            request.wait()
            # What comes out is the request's own.
            found = [np.array(tensor.data) for tensor in request.output_tensors[:outputs]]
            self._idle.append(request)
            return found

        return wait

    def for_each_batch(self, rows: Sequence[Sized], work: Callable[[list[int]], None]) -> None:
        """Gives `work` the indices of the rows of a batch, several batches at once; returns when all are done.

        Batches of a thread that is `beside` give way to those of others (kb.precedence).
        """
        precedence.claim()
        is_beside = precedence.is_beside()  # Of the calling thread: the workers below do not know.

        def work_in_turn(batch: list[int]) -> None:
            if is_beside:
                precedence.give_way()
            work(batch)

        share = ceil(sum(map(len, rows)) / max(_SHARES, self._streams))
        batches = in_batches(rows, tokens=max(_FEWEST_TOKENS, min(BATCH_TOKENS, share)))
        if len(batches) == 1:
            work_in_turn(batches[0])
            return
        # Not ov.AsyncInferQueue: its callbacks take the GIL on OpenVINO's threads, which now and then deadlocks
        # or aborts the process when the network is freed (openvino 2026.4.1).
        with ThreadPoolExecutor(self.workers) as workers:
            list(workers.map(work_in_turn, batches))


def _compiled(graph: Path, hint: Hint) -> ov.CompiledModel:
    # The precision is OpenVINO's choice, bfloat16 where the processor multiplies in it: asked for by name it is
    # simulated on those with AVX-512 alone, at a twentieth of the speed.
    return _core().compile_model(graph, "CPU", {"PERFORMANCE_HINT": hint})


@lru_cache
def _core() -> ov.Core:
    """The one `ov.Core` of this process, never freed.

    The CPU plugin of a Core gives the thread that first uses it a stack for signal handlers (sigaltstack), and unmaps
    it when it is freed. Of two Cores, or on another thread, what stays set is the unmapped one: the next Ctrl-C then
    writes into whatever is mapped there now (openvino 2026.4.1).
    """
    silence_openvino()
    import openvino as ov

    return ov.Core()
