"""What follows every run, whoever started it: quality pages, feeds, notifications.

One function, `follow_up`, is called by the command line, by decisions of reviewers and by the
daemon's sensors alike.
"""
