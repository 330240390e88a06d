"""Files that a user gives: tables of any usual format and encoding, and their columns as records."""

from hantei.inputs.columns import Columns
from hantei.inputs.languages import check_language
from hantei.inputs.row import Row
from hantei.inputs.tables import Table, given_row, open_table
from hantei.inputs.values import MAX_FIELD

__all__ = ["MAX_FIELD", "Columns", "Row", "Table", "check_language", "given_row", "open_table"]
