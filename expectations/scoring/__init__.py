"""Quality scores of tables, and how fresh datasets are; nothing here reads the clock."""
