"""What departments send in: the template they fill in, its intake, the answer and the receipt.

    form        which columns, codes and checks the sheet of a dataset has
    formulas    the checks as formulas, on a hidden sheet beside the sheet that is filled in
    workbook    the template, or the marked copy of a filled one, as XLSX
    intake      whether a workbook is a template of ours, unchanged but for what is filled in
    submit      a workbook to a release; the answer to who sent it
    register    the log of what was sent in, and receipts

Belongs here: nothing that decides about figures. The workbook's formulas come from the checks'
own classes, and what arrives is validated and released as from any other source.
"""

VERSION = 1  # of templates: raise it where one of an earlier version can no longer be read
