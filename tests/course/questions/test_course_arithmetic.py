"""What a learner types, as a number: calculations, thousands, per cent, words around it; and what is refused."""

import math

import pytest

from minimix.course.questions.arithmetic import NoNumber, is_calculation, number


@pytest.mark.parametrize(
    "text, value",
    [
        ("8*9+8*25", 272), ("8*9 + 8*25 + 8*49 + 8*81", 1312), ("2^5", 32), ("2**5", 32), ("2\u2075", 32), ("1/32", 0.03125),
        ("2(3+4)", 14), ("(3*4) x (2)", 24), ("3x3", 9), ("16x16*(8*9)", 18432), ("8 \u00b7 9", 72), ("6 \u00d7 7", 42),
        ("8 \u00f7 2", 4), ("5 \u2212 3", 2), ("7 // 2", 3), ("7 % 4", 3), ("-2^2", -4), ("2^-1", 0.5), ("2^3^2", 512),
        ("sqrt(2)", math.sqrt(2)), ("\u221a2", math.sqrt(2)), ("np.log(10)", math.log(10)), ("ln(10)", math.log(10)),
        ("-log(1/10)", math.log(10)), ("log2(8)", 3), ("2*pi", 2 * math.pi), ("(3*2.2e-16)^(1/3)", (3 * 2.2e-16) ** (1 / 3)),
    ],
)  # fmt: skip
def test_calculations(text, value):
    assert number(text) == pytest.approx(value, rel=1e-15) and is_calculation(text)


@pytest.mark.parametrize(
    "text, value",
    [
        ("1806336", 1806336), ("1,806,336", 1806336), ("1_806_336", 1806336), ("1 806 336", 1806336), ("1'806'336", 1806336),
        ("1\u202f806\u202f336", 1806336), ("3 200", 3200), ("1,024", 1024), ("12,345.5", 12345.5), ("0,5", 0.5),
        ("0,05", 0.05), ("3,14", 3.14), ("0,123", 0.123), ("007", 7), (".5", 0.5), ("5.", 5), ("1e6", 1e6), ("1E-3", 1e-3),
        ("-5", -5), ("- 5", -5), ("+5", 5), ("1.8 million", 1.8e6), ("1.8M", 1.8e6), ("26 m multiply-adds", 26e6),
        ("1806.336 k", 1806336), ("2 billion", 2e9),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text, value):
    assert number(text) == pytest.approx(value, rel=1e-15) and not is_calculation(text)


@pytest.mark.parametrize(
    "text, value",
    [
        ("about 90?", 90), ("~90", 90), ("\u2248 90", 90), ("90ish", 90), ("90, I think", 90), ("= 90", 90), ("x = 90", 90),
        ("8*9 = 72", 72), ("8*9 =", 72), ("5 times", 5), ("5x", 5), ("5 x", 5), ("2 of 3", 2), ("two", 2), ("Two of them", 2),
        ("half", 0.5), ("none", 0), ("32 channels * 4", 128), ("1806336 multiply-adds", 1806336), ("multiply-adds: 7", 7),
        ("1 / 3 of it", 1 / 3), ("0.5 FLOP/byte", 0.5), ("7 ns/op", 7), ("10 per cent", 10), ("3 - I think", 3),
    ],
)  # fmt: skip
def test_words_around_a_number(text, value):
    assert number(text) == pytest.approx(value, rel=1e-15)


def test_per_cent():
    assert [number(text) for text in ("50 %", "50%", "half of 80", "50 % of 80", "100 % - 19 %")] == [0.5, 0.5, 40, 40, 0.81]
    assert not is_calculation("50 %")


def test_units_of_time():
    assert [number(text, "ms") for text in ("12", "12 ms", "12 us", "0.5 s", "7 \u00b5s")] == [12, 12, 0.012, 500, 0.007]
    assert number("12 us", "pixels") == 12


@pytest.mark.parametrize(
    "text",
    [
        "many", "", " ", "e5", "nan", "inf", "-", "1e400", "10**400", "5!", "12 34", "3 20", "5 apples 3", "15 and 4", "1,2,3",
        "(1", "1)", "()", "1 +", "* 2", "2 ** ", "(-8)**0.5", "sqrt(-1)", "log(0)", "sqrt()", "x", "[1, 2]", "{}", "1;2",
        "__import__('os')", "().__class__", "open('x')", "lambda: x", "'a' * 9", "1 if 2 else 3", "a.b", "\x00", "\N{SNOWMAN}",
        "1 / 0", "1 // 0", "1 % (0)", "exp(9999)", "2^99999", "9**9**9", "9^9^9^9", "1 < 2 and 3",
    ],
)  # fmt: skip
def test_what_is_no_number(text):
    with pytest.raises(NoNumber):
        number(text)


@pytest.mark.parametrize(
    "text",
    [
        "9**9**9**9", "9" * 199, "(" * 100 + "1" + ")" * 99, "(" * 40 + "1" + ")" * 40, "-" * 198 + "1",
        "2**4096*" * 20 + "2", "*".join(["99**99"] * 28),
    ],
)  # fmt: skip
def test_what_would_take_long_ends_at_once(text):
    """As a number, or refused: without the limits the first of these would never end."""
    try:
        assert math.isfinite(number(text))
    except NoNumber:
        pass


@pytest.mark.parametrize(
    "text, words",
    [("1/0", "divides by zero"), ("9" * 300, "longer than 200"), ("9**9**9", "too large"), ("1,2,3", "more than one")],
)
def test_the_reason_is_said_where_it_is_known(text, words):
    with pytest.raises(NoNumber, match=words):
        number(text)
