"""What the notebooks show beside the figures of ``minimix.viz``.

table        numbers under headings
sliders      figures with sliders; frontend: what the notebook around can show
picture      a failing case of an exercise, every number in its cell
caught       errors that are part of a lesson; usual: what holds on most machines, but perhaps not on this one
"""
