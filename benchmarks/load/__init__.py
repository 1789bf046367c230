"""The parts of the mixed load: the place that is under it, those who bring it, and those who judge."""
