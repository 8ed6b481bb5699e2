"""What a recogniser is worth: every metric, interval, comparison and report from one predictions table."""
