"""The paper's experiments (MixConv, arXiv 1907.09595), each on one page: jobs, claims, picture."""

from minimix.study.paper import detection, groups, kernel_size, nothing, partition, search, single_layer

MODULES = (kernel_size, groups, single_layer, partition, search, detection, nothing)
STUDIES = {module.STUDY.name: module.STUDY for module in MODULES}
