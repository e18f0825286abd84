"""Review and publication: drafts, approval, rollback, withdrawal; `plan` and `publish`."""
