"""From torch to files that run without it, proven equal before they are written."""
