"""From videos to ``.pose`` files, many at once: what was finished is kept, whatever stops the rest."""

from ishara.pose.extract.engine import Extraction, Workers, extract
from ishara.pose.extract.folder import OutputFolder
from ishara.pose.extract.jobs import Job, Outcome, Work
from ishara.pose.extract.names import file_names
from ishara.pose.extract.settings import settings_of

__all__ = ["Extraction", "Job", "Outcome", "OutputFolder", "Work", "Workers", "extract", "file_names", "settings_of"]
