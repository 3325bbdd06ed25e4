conf: dict[str, dict[str, str]]
