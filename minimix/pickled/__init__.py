"""Reading pickles without being able to run anything.

machine     the language, without the verb "call"
arrays      the names that pickled NumPy arrays and numbers consist of
"""
