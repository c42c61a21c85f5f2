"""What the machine makes of it: the instructions of a loop, rooflines, timings."""
