"""Workbooks: .xlsx and .ods by calamine, .xls by xlrd; the cells of a sheet as columns of text.

A workbook is hostile until `sheet_extent.py` has bounded it: its reader cannot be interrupted.
"""
