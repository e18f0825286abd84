"""The transparency log: what was published, in an order that nobody can change unseen.

    log/entries.jsonl   a line for each release, and for each signing key; lines are only added
    log/heads.jsonl     after each publication: how many lines there were, the root of their Merkle
                        tree (RFC 6962), the checksum of `catalogue.json`, the time, a signature

Whoever keeps a head can prove later that no line before it was changed, removed or inserted: the
root over the same number of lines is the same. `audit` compares a site with its log. What is not
here: when lines are added (`pipelines.after_run.transparency_log`).
"""
