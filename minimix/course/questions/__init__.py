"""Questions that are answered before a cell is run.

prediction   a question, the box for a guess, and what is said of the guess
"""
