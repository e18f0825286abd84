"""Recognition of tables: where one stands in a grid, and the role of each column."""
