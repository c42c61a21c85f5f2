"""How an exercise is checked: the learner's function is run, compared with the solution, and what is wrong with it is named.

exercise     what an exercise is: data
outcome      what came of calling a function once; state: what it keeps between calls; calls: what later calls show of that
engine       running a learner's function, and telling apart what can be wrong with it
diagnose     which mistake gives these numbers, alone, with another, or where
patterns     what is true of wrong numbers anyhow; formulas: by which of a configuration's numbers they are too large
conditions   what the configurations that fail have in common; quantities: the numbers that one is made of
independence whether each argument makes a difference; broadcasts: what NumPy's complaints about shapes mean
report       what a check says, as HTML and as text; panels: which arrays its picture shows

Wrong functions made mechanically:

written      which slip in a plain right function gives a learner's numbers; variants: such functions, run with care
slips_of_code  all slips; slips_in_lines, slips_in_expressions: their kinds; slip: one of them, and its words

What wrong functions are made of by hand:

sliding      a convolution whose every step can be altered; slips: what goes wrong with its windows; channels: with its channels
alterations  a right function, and something altered on its way in or out
"""
