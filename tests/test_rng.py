"""The default generator."""

import numpy as np

import minimix as mm
import minimix.functional as F
from minimix import nn, rng


def test_a_seed_begins_anew():
    first = mm.manual_seed(7).standard_normal(5)
    generator = mm.manual_seed(7)
    assert rng.generator() is generator
    np.testing.assert_array_equal(rng.generator().standard_normal(5), first)
    assert not np.array_equal(mm.manual_seed(8).standard_normal(5), first)


def test_everything_that_is_random_draws_from_it():
    def draws(seed):
        mm.manual_seed(seed)
        x = np.ones((4, 64), np.float32)
        return [nn.Conv2d(3, 4, 3).weight.data, nn.Linear(8, 8).bias.data, F.dropout(x).data, nn.Dropout()(x).data]

    for a, b, c in zip(draws(1), draws(1), draws(2), strict=True):
        np.testing.assert_array_equal(a, b)
        assert not np.array_equal(a, c)


def test_numpys_global_generator_is_left_alone():
    np.random.seed(0)
    before = np.random.get_state()[1].copy()
    mm.manual_seed(1)
    nn.Linear(3, 3)
    np.testing.assert_array_equal(np.random.get_state()[1], before)
