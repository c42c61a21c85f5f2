"""The paper's experiments (MixConv, arXiv 1907.09595), each on one page: jobs, claims, picture."""

from minimix.study.paper import detection, family, groups, kernel_size, nothing, partition, search, single_layer, transfer

STUDIES = {
    module.STUDY.name: module.STUDY
    for module in (kernel_size, groups, single_layer, partition, search, family, transfer, detection, nothing)
}
