"""One step, one epoch, and what is written down after each."""

import contextlib
import dataclasses
import math
import time
from pathlib import Path

import numpy as np

import minimix.functional as F
from minimix.data import Batches, Dataset
from minimix.tensor import Tensor
from minimix.train import checkpoint, metrics
from minimix.train.checkpoint import CheckpointError
from minimix.train.config import Config
from minimix.train.diverged import Diverged, bad_arrays, explain
from minimix.train.evaluation import Evaluation, evaluate
from minimix.train.model import BEST, LAST
from minimix.train.model import read as read_model
from minimix.train.progress import Silent, row
from minimix.train.state import State
from minimix.train.stop import Request, Stop, StopTraining

SHOWN = 3  # epochs of before, when a run is resumed


def step(state: State, images, labels, label_smoothing: float, within=None) -> tuple[float, int]:
    """Forward, loss, backward, update. Returns the batch's mean loss and how many images were classified rightly.

    within: a context in which forward and backward are done, but not the update.

    A loss that is not finite is returned before anything has been updated. The graph dies with this function's variables.
    """
    state.optimizer.zero_grad()
    with within or contextlib.nullcontext():
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

    batches: for training. validation_set, test_set: None where there are none.
    folder: gets last.safetensors (after every epoch, and every ``save_every`` seconds), best.safetensors and metrics.csv.
    request: checked after every step; ``run`` then saves and raises ``Stop``.
    on_epoch: called with the ``Epoch`` after each, when everything is written. True, or StopTraining, ends the run.

    Attributes for afterwards: ``ended``, "patience" or "callback" where that ended the run early; ``validation``, the last
    epoch's ``Evaluation``, and ``test``, that of the weights that were chosen.
    """

    def __init__(self, state: State, config: Config, batches: Batches, validation_set: Dataset | None, test_set: Dataset | None,
                 folder: Path, progress: Silent, request: Request, on_epoch=None):  # fmt: skip
        self.state, self.config, self.batches, self.epochs = state, config, batches, config.epochs
        self.validation_set, self.test_set = validation_set, test_set
        self.folder, self.progress, self.request, self.on_epoch = folder, progress, request, on_epoch
        self.ended = ""
        self.validation: Evaluation | None = None
        self.test: Evaluation | None = None
        self._start = self._saved = time.monotonic()
        self._warm = False  # whether a step was taken in this process: the first one compiles, and says nothing about speed
        self._timed_images, self._timed_seconds = 0, 0.0
        self._timed_area = 0.0  # the same images, in whole ones: an epoch may see only windows of them
        self._evaluated_images, self._evaluated_seconds = 0, 0.0

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
        evaluation_speed = (
            self._evaluated_images / self._evaluated_seconds if self._evaluated_images else 2.5 * speed / (1 + self.config.tta)
        )
        done, epochs = self.state.batch / len(self.batches), range(self.state.epoch, self.epochs)
        area = sum(map(self.batches.area, epochs)) - (done * self.batches.area(self.state.epoch) if epochs else 0.0)
        validation, test = (len(part) if part else 0 for part in (self.validation_set, self.test_set))
        each = validation + test * self.config.test_every_epoch
        return area * self.batches.images / speed + (len(epochs) * each + test) / evaluation_speed

    # -- the run ------------------------------------------------------------------------------------------------------

    def run(self) -> None:
        """Train, evaluate and save, epoch after epoch. Raises ``Stop``, with everything saved, where the user wants it."""
        if self.state.step == 0:
            self.save()  # so that there is something to resume from the first moment on
        else:
            self._write_metrics()  # lines that the checkpoint does not know are gone
        history = self.state.history
        if len(history) > 2 * SHOWN:
            self.progress.note(f"{len(history) - SHOWN} earlier epochs are in {self.folder / 'metrics.csv'}")
        for epoch in history[-SHOWN:] if len(history) > 2 * SHOWN else history:
            self.progress.row(self._row(epoch))
        try:
            while self.state.epoch < self.epochs and not self._out_of_patience() and not self.ended:
                if self._warm:
                    self.request.check()  # it may have come from a callback
                start, images, seconds = time.monotonic(), self._timed_images, self._timed_seconds
                self._train()
                self.validation = self._evaluate(self.validation_set)
                test = self._evaluate(self.test_set) if self.config.test_every_epoch else None
                self._finish_epoch(test, start, self._timed_images - images, self._timed_seconds - seconds)
            self._finish()
        except Stop:
            self.save()  # here, where nobody has other weights swapped in
            raise

    def _out_of_patience(self) -> bool:
        """Whether so many epochs in a row were not better."""
        state, patience = self.state, self.config.patience
        if patience and state.best is not None and state.epoch - max(state.best.epoch, state.patient_since) >= patience:
            self.ended = "patience"
        return bool(self.ended)

    def _train(self) -> None:
        """The rest of the epoch."""
        state, before = self.state, time.monotonic()
        for images, labels in self.batches.epoch(state.epoch, start=state.batch):
            loss, correct = step(state, images, labels, self.config.label_smoothing)
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
            if now - self._saved > self.config.save_every:
                self.save()

    def _evaluate(self, dataset: Dataset | None) -> Evaluation | None:
        """With the averaged weights, where there are any."""
        if dataset is None:
            return None
        with self._averaged():
            return self._evaluate_as_is(dataset)

    def _averaged(self):
        return self.state.ema or contextlib.nullcontext()

    def _evaluate_as_is(self, dataset: Dataset) -> Evaluation:
        start = time.monotonic()
        self.progress.evaluating()
        size, tta = self.batches.batch_size, self.config.tta
        found = evaluate(self.state.model, dataset, size, on_batch=lambda done: self.request.check(), tta=tta)
        self._evaluated_images += len(dataset)
        self._evaluated_seconds += time.monotonic() - start
        if not math.isfinite(found.loss):
            which = "validation" if dataset is self.validation_set else "test"
            images, _ = next(Batches(dataset, self.batches.batch_size).epoch(0))
            raise self._diverged(f"the loss on the {which} images is {found.loss}", images, training=False)
        return found

    def _finish_epoch(self, test: Evaluation | None, start: float, images: int, seconds: float) -> None:
        """Write down what came of the epoch, and go on to the next."""
        state, (train_loss, train_accuracy) = self.state, self.running()
        judged, seen = ((found.loss, found.accuracy) if found else (None, None) for found in (self.validation, test))
        epoch = metrics.Epoch(state.epoch + 1, state.step, state.scheduler.schedule(state.step - 1), train_loss, train_accuracy,
                              *judged, *seen, time.monotonic() - start, images / seconds if seconds else None)  # fmt: skip
        self._good_arrays()
        state.history.append(epoch)
        state.epoch, state.batch = state.epoch + 1, 0
        state.loss_sum, state.correct, state.seen = 0.0, 0, 0
        now, before = metrics.rank(epoch), metrics.rank(state.history[state.chosen - 1]) if state.chosen else None
        if now is None or before is None or now > before:
            self._save_best()
        self.save()
        self._write_metrics()
        self.progress.row(self._row(epoch))
        if self.on_epoch is not None:
            try:
                answer = self.on_epoch(epoch)
            except StopTraining:
                answer = True
            if isinstance(answer, (bool, np.bool_)) and answer and state.epoch < self.epochs:
                self.ended = "callback"

    def _finish(self) -> None:
        """After the last epoch: look at the test images, once, with the weights that were chosen; these stay in the model."""
        state, model, epochs = self.state, self.state.model, self.state.history
        if not epochs:
            return
        if self.validation is None and self.test_set is None:  # resumed after the end: for the pictures
            self.validation = self._evaluate(self.validation_set)
        best, own = self._best(), {name: array.copy() for name, array in model.state_dict().items()}
        model.load_state_dict(best)
        try:
            if self.test_set is not None:
                self.test = self._evaluate_as_is(self.test_set)
                found = {"test_loss": self.test.loss, "test_accuracy": self.test.accuracy}
                epochs[state.chosen - 1] = dataclasses.replace(epochs[state.chosen - 1], **found)
        finally:
            model.load_state_dict(own)
        self.save()
        self._write_metrics()
        model.load_state_dict(best)

    def _best(self) -> dict:
        """The weights in best.safetensors; where it is lost, those of the last epoch, which are then put there."""
        path = self.folder / BEST
        try:
            if self.state.chosen is not None:
                return read_model(path)[1]
            what = ""
        except (OSError, CheckpointError) as error:
            what = f"{f'{path} is missing' if isinstance(error, FileNotFoundError) else error}. "
        self.progress.note(f"{what}The weights of the last epoch are used, and kept as {BEST}, in place of the best epoch's")
        self._save_best()
        return read_model(path)[1]

    def _row(self, epoch: metrics.Epoch) -> str:
        now = epoch is self.state.history[-1]
        spent, left = (self.spent(), self.left()) if now else (None, None)
        train, validation = (epoch.train_loss, epoch.train_accuracy), (epoch.validation_loss, epoch.validation_accuracy)
        return row(f"{epoch.epoch}/{self.epochs}", train, validation, epoch.images_per_second, spent, left)

    # -- saving and stopping ------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write last.safetensors, unless something in it is not finite: then the last good one stays."""
        arrays = self._good_arrays()
        checkpoint.save(self.folder / LAST, arrays, self.state.description())
        self._saved = time.monotonic()

    def _good_arrays(self) -> dict:
        """All of the state's arrays. Raises Diverged where one is not finite."""
        arrays = self.state.arrays()
        bad = bad_arrays(arrays)
        if bad:
            raise self._diverged(f"{bad[0]} holds NaN or infinity", None)
        return arrays

    def _save_best(self) -> None:
        """best.safetensors: the weights as they are after the last epoch, averaged where there are averages."""
        with self._averaged():
            checkpoint.save(self.folder / BEST, self.state.model.state_dict(), self.state.summary())
        self.state.chosen = self.state.history[-1].epoch

    def _write_metrics(self) -> None:
        """After the checkpoint, which counts. What keeps the table from being written does not end the run."""
        try:
            metrics.write(self.folder / "metrics.csv", self.state.history)
        except (OSError, ValueError) as error:
            self.progress.note(f"metrics.csv was not written: {error}. Is it open elsewhere? The next epoch writes it anew")

    def _diverged(self, what: str, images, training: bool = True) -> Diverged:
        state, last = self.state, self.folder / LAST
        step = state.step + (training and images is not None)  # in the midst of the next step, or after those that are done
        under_way = state.batch > 0 or (training and images is not None)
        when = {"epoch": max(1, state.epoch + under_way), "step": step, "lr": state.scheduler.schedule(max(0, step - 1))}
        return explain(state.model, images, what, **when, checkpoint=last if last.exists() else None, training=training)
