"""What the reader's machine does.

timing       how long something takes here
machine      the time of each layer of a network, and how fast the machine computes and copies at best
"""
