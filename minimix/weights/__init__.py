"""Weights from other libraries' files, and networks for other programs."""
