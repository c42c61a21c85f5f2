"""The paper's experiments at toy size: each a list of jobs, which are done once, kept, compared with error bars, and drawn.

mm.study.run("kernel_size", seeds=3)        does what has not been done, and returns ``Results``
mm.study.show("kernel_size").claims()       what has been found so far
mm.study.stored("kernel_size")              what the large run has found that comes with minimix

job         a plain configuration, from which a few numbers follow
training    the job that trains a network; transfer: one that goes on from another's weights; options: what a study is run with
study       points to compare, claims, a picture; paper: the studies themselves, a page each
pool        jobs in processes of this machine; cluster: on others, by Dask
journal     what has ended, kept line by line; folder: what a study's folder is of; kept: what several jobs need
supernet    one set of weights for all choices of a search; search: jobs that look for the best of them
budget      how long it will take, and what fits into a given time
statistics  intervals, and when a claim is called seen
results     tables, files and the picture
run         ``run`` and ``show``; progress: what is printed meanwhile; shipped: the large runs that come with minimix
"""

from minimix.study.folder import StudyError
from minimix.study.options import Options
from minimix.study.paper import STUDIES
from minimix.study.results import Results
from minimix.study.run import run, show
from minimix.study.shipped import stored
from minimix.study.study import Claim, Point, Study

__all__ = ["STUDIES", "Claim", "Options", "Point", "Results", "Study", "StudyError", "run", "show", "stored"]
