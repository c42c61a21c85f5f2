"""How derivatives are found: the tape and the way back, and the errors of differences."""
