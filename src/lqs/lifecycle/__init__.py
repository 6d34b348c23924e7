"""Everything that can happen to a generation request, one file each. All writes to the truth go through here."""
