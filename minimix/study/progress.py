"""What is printed while a study runs: the plan, a line for each job that has ended, and when the rest will be done."""

import time

from minimix.study.pool import Ended
from minimix.train.progress import clock
from minimix.words import count


class Progress:
    """tell: prints a line. total: jobs that are to be done now."""

    def __init__(self, tell, total: int):
        self.tell, self.total, self.done, self.began = tell, total, 0, time.monotonic()

    def ended(self, job: Ended) -> None:
        self.done += 1
        spent = time.monotonic() - self.began
        left = spent / self.done * (self.total - self.done)
        accuracy = (job.result or {}).get("accuracy")
        said = job.error or (f"{accuracy:.2f} %" if accuracy is not None else "done")
        width = len(str(self.total))
        rest = f"{clock(left)} left" if self.done < self.total else f"{count(self.total, 'job')} in {clock(spent)}"
        self.tell(f"{self.done:>{width}}/{self.total}  {job.job.label}: {said}  ({clock(job.seconds)}; {rest})")
