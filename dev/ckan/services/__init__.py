"""The servers of the portal, one module or package each: how each is set up and started."""
