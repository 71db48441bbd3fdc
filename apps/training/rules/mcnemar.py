"""McNemar's test of two answers to the same samples, exact: McNemar, Psychometrika 12 (1947) 153, with the binomial
distribution in place of its normal approximation."""


def exact_p(won: int, lost: int) -> float:
    """Two-sided p of the discordant pairs: the chance of so uneven a split, or a more uneven one, of a fair coin.

    `won`: samples that only the candidate has right; `lost`: only the champion. With neither it is 1.
    """
    total, fewer = won + lost, min(won, lost)
    if total == 0:
        return 1.0
    # Whole numbers of any length: nothing underflows, whatever the number of samples.
    ways, tail = 1, 1
    for k in range(1, fewer + 1):
        ways = ways * (total - k + 1) // k
        tail += ways
    return min(1.0, _ratio(2 * tail, total))


def _ratio(count: int, power: int) -> float:
    """count / 2**power, also where neither fits a float."""
    spare = max(0, count.bit_length() - 64)
    exponent = spare - power
    return float(count >> spare) * 2.0**exponent if exponent > -1074 else 0.0
