"""What programs ask a site for: a static JSON API, bulk files, codelists, and the faces of servers.

The first three are plain files beside the pages. `pxweb` and `sdmx_rest` answer requests that
existing clients send, from those files; they need `openindicators serve`.
"""
