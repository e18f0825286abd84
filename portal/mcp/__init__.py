"""What assistants and programs ask in words: tools over a published site, and a check of quotes.

Everything is read from what the site publishes, at an address or in a folder, and only where its
checksum is the one that the site's catalogue names. Nothing is written, and no model is asked.
"""
