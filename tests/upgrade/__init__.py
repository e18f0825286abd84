"""Data folders that earlier versions have written are opened by this one; backups are restored."""
