"""What pages of several kinds are drawn with: templates, the site's own texts, numbers, curves.

Belongs here: the Jinja environment, the frame of a page, and the body of a quality report, which
the site's page and the HTML file beside a dataset both show. Does not belong here: pages
themselves (portal/site, portal/quality), which keep their templates beside them.
"""
