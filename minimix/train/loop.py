"""One step, one epoch, and what is written down after each."""

import math
import time
from pathlib import Path

import minimix.functional as F
from minimix.data import Batches, Dataset
from minimix.tensor import Tensor
from minimix.train import checkpoint, metrics
from minimix.train.diverged import Diverged, bad_arrays, explain
from minimix.train.evaluation import Evaluation, evaluate
from minimix.train.progress import Silent, row
from minimix.train.state import State
from minimix.train.stop import Request, Stop


def step(state: State, images, labels, label_smoothing: float) -> tuple[float, int]:
    """Forward, loss, backward, update. Returns the batch's mean loss and how many images were classified rightly.

    A loss that is not finite is returned before anything has been updated. The graph dies with this function's variables.
    """
    state.optimizer.zero_grad()
    logits = state.model(Tensor(images))
    loss = F.cross_entropy(logits, labels, label_smoothing=label_smoothing)
    value = loss.item()
    if not math.isfinite(value):
        return value, 0
    loss.backward()
    state.optimizer.step()
    state.scheduler.step()
    if state.ema is not None:
        state.ema.update()
    return value, int((logits.data.argmax(axis=1) == labels).sum())


class Loop:
    """Takes ``state`` from wherever it is to the end of the last epoch.

    folder: gets last.safetensors (after every epoch, and every ``save_every`` seconds), best.safetensors and metrics.csv.
    request: checked after every step; ``run`` then saves and raises ``Stop``.
    on_epoch: called with the ``Epoch`` after each, when everything is written.
    """

    def __init__(self, state: State, batches: Batches, test_set: Dataset, epochs: int, folder: Path, progress: Silent,
                 request: Request, label_smoothing: float, save_every: float, on_epoch=None):  # fmt: skip
        self.state, self.batches, self.test_set, self.epochs = state, batches, test_set, epochs
        self.folder, self.progress, self.request = folder, progress, request
        self.label_smoothing, self.save_every, self.on_epoch = label_smoothing, save_every, on_epoch
        self.evaluation: Evaluation | None = None
        self._start = self._saved = time.monotonic()
        self._warm = False  # whether a step was taken in this process: the first one compiles, and says nothing about speed
        self._timed_images, self._timed_seconds, self._evaluating = 0, 0.0, None
        self._timed_area = 0.0  # the same images, in whole ones: an epoch may see only windows of them

    # -- figures for the progress -------------------------------------------------------------------------------------

    def place(self) -> str:
        return f"{self.state.epoch + 1}/{self.epochs} {self.state.batch * 100 // len(self.batches):>3} %"

    def running(self) -> tuple[float, float]:
        """Mean loss and accuracy of the epoch that is under way."""
        seen = max(self.state.seen, 1)
        return self.state.loss_sum / seen, self.state.correct / seen

    def speed(self) -> float | None:
        """Training images a second, evaluation and first step left out."""
        return self._timed_images / self._timed_seconds if self._timed_seconds else None

    def spent(self) -> float:
        return time.monotonic() - self._start

    def left(self) -> float | None:
        """Seconds until the end, as it looks now."""
        if not self._timed_seconds:
            return None
        speed = self._timed_area / self._timed_seconds
        evaluating = self._evaluating or len(self.test_set) / (2.5 * speed)
        done, epochs = self.state.batch / len(self.batches), range(self.state.epoch, self.epochs)
        area = sum(map(self.batches.area, epochs)) - (done * self.batches.area(self.state.epoch) if epochs else 0.0)
        return area * self.batches.images / speed + len(epochs) * evaluating

    # -- the run ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Train, evaluate and save, epoch after epoch. Raises ``Stop``, with everything saved, where the user wants it."""
        if self.state.step == 0:
            self.save()  # so that there is something to resume from the first moment on
        for epoch in self.state.history:
            self.progress.row(self._row(epoch))
        try:
            while self.state.epoch < self.epochs:
                start, images, seconds = time.monotonic(), self._timed_images, self._timed_seconds
                self._train()
                self.evaluation = self._evaluate()
                self._finish_epoch(start, self._timed_images - images, self._timed_seconds - seconds)
            if self.evaluation is None:  # resumed after the end
                self.evaluation = self._evaluate()
        except Stop:
            self.save()  # here, where nobody has averaged weights swapped in
            raise

    def _train(self) -> None:
        """The rest of the epoch."""
        state, before = self.state, time.monotonic()
        for images, labels in self.batches.epoch(state.epoch, start=state.batch):
            loss, correct = step(state, images, labels, self.label_smoothing)
            if not math.isfinite(loss):
                raise self._diverged(f"the loss is {loss}", images)
            state.batch, state.step, state.seen = state.batch + 1, state.step + 1, state.seen + len(labels)
            state.loss_sum, state.correct = state.loss_sum + loss * len(labels), state.correct + correct
            now = time.monotonic()
            if self._warm:
                self._timed_images, self._timed_seconds = self._timed_images + len(labels), self._timed_seconds + now - before
                self._timed_area += len(labels) * self.batches.area(state.epoch)
            self._warm, before = True, now
            self.progress.step(self)
            self.request.check()
            if now - self._saved > self.save_every:
                self.save()

    def _evaluate(self) -> Evaluation:
        """On the test images, with the averaged weights where there are any."""
        start = time.monotonic()
        self.progress.evaluating()
        if self.state.ema is None:
            evaluation = self._evaluate_as_is()
        else:
            with self.state.ema:
                evaluation = self._evaluate_as_is()
        self._evaluating = time.monotonic() - start
        return evaluation

    def _evaluate_as_is(self) -> Evaluation:
        return evaluate(self.state.model, self.test_set, self.batches.batch_size, on_batch=lambda done: self.request.check())

    def _finish_epoch(self, start: float, images: int, seconds: float) -> None:
        """Write down what came of the epoch, and go on to the next."""
        state = self.state
        (train_loss, train_accuracy), evaluation = self.running(), self.evaluation
        if not math.isfinite(evaluation.loss):
            images, _ = next(Batches(self.test_set, self.batches.batch_size).epoch(0))
            raise self._diverged(f"the loss on the test images is {evaluation.loss}", images, training=False)
        previous = state.best
        lr = state.scheduler.schedule(state.step - 1)
        epoch = metrics.Epoch(state.epoch + 1, state.step, lr, train_loss, train_accuracy, evaluation.loss, evaluation.accuracy,
                              time.monotonic() - start, images / seconds if seconds else None)  # fmt: skip
        state.history.append(epoch)
        state.epoch, state.batch = state.epoch + 1, 0
        state.loss_sum, state.correct, state.seen = 0.0, 0, 0
        if previous is None or epoch.test_accuracy > previous.test_accuracy:
            self._save_best()
        metrics.write(self.folder / "metrics.csv", state.history)  # before the checkpoint, which does not hold the timings
        self.save()
        self.progress.row(self._row(epoch))
        if self.on_epoch is not None:
            self.on_epoch(epoch)

    def _row(self, epoch: metrics.Epoch) -> str:
        now = epoch is self.state.history[-1]
        spent, left = (self.spent(), self.left()) if now else (None, None)
        train, test = (epoch.train_loss, epoch.train_accuracy), (epoch.test_loss, epoch.test_accuracy)
        return row(f"{epoch.epoch}/{self.epochs}", train, test, epoch.images_per_second, spent, left)

    # -- saving and stopping ------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write last.safetensors, unless something in it is not finite: then the last good one stays."""
        arrays = self.state.arrays()
        bad = bad_arrays(arrays)
        if bad:
            raise self._diverged(f"{bad[0]} holds NaN or infinity", None)
        checkpoint.save(self.folder / "last.safetensors", arrays, self.state.description())
        self._saved = time.monotonic()

    def _save_best(self) -> None:
        if self.state.ema is None:
            checkpoint.save(self.folder / "best.safetensors", self.state.model.state_dict(), self.state.summary())
        else:
            with self.state.ema:
                checkpoint.save(self.folder / "best.safetensors", self.state.model.state_dict(), self.state.summary())

    def _diverged(self, what: str, images, training: bool = True) -> Diverged:
        state, last = self.state, self.folder / "last.safetensors"
        step = state.step + (training and images is not None)  # in the midst of the next step, or after those that are done
        when = {"epoch": state.epoch + 1, "step": step, "lr": state.scheduler.schedule(max(0, step - 1))}
        return explain(state.model, images, what, **when, checkpoint=last if last.exists() else None, training=training)
