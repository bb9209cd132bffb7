"""Files, of which only regular ones are read: a named pipe would be waited for, a link shows what stands elsewhere."""

import os
import stat


def read_regular(path, links=False, most=-1):
    """The bytes, `most` at the most; OSError for all else than a regular file. links: symbolic ones are followed."""
    told = os.stat(path) if links else os.lstat(path)
    if not stat.S_ISREG(told.st_mode):
        raise OSError(f"{path} is no regular file")
    with open(path, "rb") as file:
        return file.read(most)


def read_or_error(path):
    """The bytes, or the OSError why there are none."""
    try:
        return read_regular(path)
    except OSError as error:
        return error
