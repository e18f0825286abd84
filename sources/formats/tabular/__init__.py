"""Tables of text: from rows with numbers to Arrow batches, by the declared layout."""
