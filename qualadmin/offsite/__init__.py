"""Where checkpoints of the audit log are published: folders on other volumes and S3 buckets with Object Lock.

Nobody who owns the database should be able to change what lies there. Plain Python; `open_target` reads a setting.
"""

from qualadmin.offsite.bucket import Bucket
from qualadmin.offsite.folder import Folder
from qualadmin.offsite.places import Conflict, Place, Unreachable

__all__ = ["Bucket", "Conflict", "Folder", "Place", "Unreachable", "open_place"]


def open_place(words: str) -> Place:
    """`/mnt/other/checkpoints` or `s3://bucket/prefix`. Nothing is contacted yet. Raises ValueError."""
    if words.startswith("s3://"):
        return Bucket.from_address(words)
    return Folder.from_path(words)
