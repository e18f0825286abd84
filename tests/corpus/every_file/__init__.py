"""Every file of the corpus: declared, its questions answered, released and compared."""
