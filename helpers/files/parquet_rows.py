"""Read the rows of a parquet file, with a limit on their size in memory."""

from pathlib import Path
from typing import TYPE_CHECKING

from helpers.files.compression import check_size
from helpers.files.file_kinds import DataError
from helpers.files.table_rows import refuse_repeated

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

_BATCH_ROWS = (8, 1000)  # fewest and most rows read at a time
_BATCH_BYTES = 1_000_000_000  # the size of a batch whose every row holds the largest column


def rows_of_parquet(data: bytes, path: Path) -> list[object]:
    """The rows of a parquet file, given its bytes.

    Raises DataError if the file is damaged, too large after unpacking, has two columns of one
    name, or if pyarrow is not installed.
    """
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise DataError(
            f"{path}: is a parquet file. Install pyarrow to read it, or convert it: "
            'datasets.load_dataset("parquet", data_files="…")["train"].to_json("rows.jsonl").'
        ) from None
    try:
        file = pyarrow.parquet.ParquetFile(pyarrow.BufferReader(data))
        refuse_repeated(file.schema_arrow.names, path)
        column_sizes = _declared_sizes(file.metadata)
        check_size(sum(column_sizes), len(data), path)
        rows, size = [], 0
        # A column can store one long text once and refer to it in every row. Its declared size is
        # small then, so the rows are read in small batches, and their real size is counted.
        fewest, most = _BATCH_ROWS
        batch_size = min(most, max(fewest, _BATCH_BYTES // max([1, *column_sizes])))
        for batch in file.iter_batches(batch_size=batch_size):
            size += batch.nbytes
            check_size(size, len(data), path)
            rows += batch.to_pylist()
        return rows
    except (pyarrow.ArrowException, OSError) as error:
        raise DataError(f"{path}: a damaged parquet file ({error}). Download it again.") from None


def _declared_sizes(metadata: "FileMetaData") -> list[int]:
    """The unpacked bytes of each column in each group of rows, as the file itself declares them."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    return [
        group.column(i).total_uncompressed_size for group in groups
        for i in range(group.num_columns)
    ]  # fmt: skip
