"""Who may log in to the broker of the tests."""

USER, PASSWORD = "tester", "hunter2-and-more"
