"""From the figures of a release to the numbers that a chart is drawn with.

Belongs here: which series a chart shows, and where its lines, bars and labels stand. Does not
belong here: templates (portal/site, portal/report), and the figures themselves (portal/content).
"""
