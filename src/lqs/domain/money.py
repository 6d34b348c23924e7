"""Sums of money for people; everywhere else they are whole millionths of a US dollar."""


def money(microusd: int) -> str:
    """US dollars, from millionths of one: to the cent, or as exactly as it takes, such as $0.0042."""
    dollars, rest = divmod(microusd, 1_000_000)
    digits = f"{rest:06}".rstrip("0").ljust(2, "0")
    return f"${dollars:,}.{digits}"
