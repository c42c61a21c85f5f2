"""How a figure looks, and what drawings consist of: theme, the values in them, grids of cells, blocks of these, tiles."""
