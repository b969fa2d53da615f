from fixtures.archives import server, set_npm, tiny  # noqa: F401
