"""The CKAN portal: releases become its datasets, files and DataStore tables."""
