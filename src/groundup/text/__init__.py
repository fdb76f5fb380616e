"""Text for people: number formats, plurals, and the escaping of names that users supplied."""
