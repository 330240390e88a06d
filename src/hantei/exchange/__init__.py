"""In and out: other programs' files as run folders, and run folders as other programs' files.

``importers.IMPORTERS`` lists what is read, ``exporting.FORMATS`` what is written. A new source is one module with a
function from paths to an ``ImportSource``, one that tells whether a file is its own, and a line in ``IMPORTERS``; what
such modules share is in ``shared.py``.
"""

from hantei.exchange.importers import IMPORTERS
from hantei.exchange.importing import import_run

__all__ = ["IMPORTERS", "import_run"]
