"""Plain ways to write what the exercises ask for, as a learner would: right ones, in loops and with whole arrays.

They are read by ``checking.variants``, which makes slips in them one at a time, so that a wrong function whose numbers such a
slip gives can be told which one it is. They use ``range`` for their loops (it counts their steps there), and neither ``while``
nor other functions of this project, but for those that a notebook hands out.

counts     what is counted; calculus: derivatives, errors, logarithms; layers: convolutions; gradients: backward passes
comparisons  runs compared by seed, and what a search is made of
boxes        boxes, anchors and detections
"""
