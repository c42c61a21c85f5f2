"""How an exercise is checked: the learner's function is run, compared with the solution, and what is wrong with it is named.

exercise     what an exercise is: data. alterations: what its wrong functions are made of
outcome      what came of calling a function once
engine       running a learner's function, and telling apart what can be wrong with it
diagnose     which mistake gives these numbers; patterns: what is true of wrong numbers anyhow
report       what a check says, as HTML and as text; panels: which arrays its picture shows
"""
