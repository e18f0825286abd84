"""What each release changed: change sets, addresses by version, feeds, and a page to cite."""
