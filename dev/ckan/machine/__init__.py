"""Programs, processes and files on a Linux machine; nothing here knows CKAN or its databases."""
