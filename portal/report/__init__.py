"""The yearly report on the city's targets: what is reached, by which figures, and what is missing.

It rests on what a site publishes and on nothing else, so that anyone with the site's address makes
the same bytes. `findings` gathers what the report says, `templates/report.html` says it in words,
`pdf_file` and `docx_file` set the same text in their formats.
"""
