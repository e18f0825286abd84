"""Recognition of files: JSON documents, text, markup and workbooks, and their encodings."""
