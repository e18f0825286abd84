"""The explorer: pages that read releases in the browser, with their scripts and libraries."""
