"""Any numbers: arrays side by side, expected beside actual, numbers over numbers."""
