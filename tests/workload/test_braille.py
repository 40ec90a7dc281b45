"""Braille words and the ideal decoder."""

from math import comb

import numpy as np
import pytest

from archsim.workload.braille import DOTS, braille, distorted, nearest_word_rate


def flipped(patterns, flips, samples, seed=0):
    generator = np.random.default_rng(seed)
    return distorted(patterns, flips=flips, samples=samples, generator=generator)


@pytest.mark.parametrize(
    ("letter", "dots"), [("a", "1"), ("k", "13"), ("t", "2345"), ("w", "2456"), ("z", "1356")]
)
def test_letters_have_the_dots_of_english_braille(letter, dots):
    assert "".join(str(n) for n, raised in enumerate(DOTS[letter], start=1) if raised) == dots


def test_all_letters_differ():
    assert len(set(DOTS.values())) == 26


def test_words_are_left_aligned_and_followed_by_empty_cells():
    row = braille(["ab"], cells=3)[0]
    assert np.flatnonzero(row == 1).tolist() == [0, 6, 7]
    assert set(row.tolist()) == {-1, 1}


def test_the_nine_words_are_11_to_30_dots_apart(workload):
    patterns = workload().dataset.patterns.astype(int)
    assert patterns.shape == (9, 60)
    distance = (60 - patterns @ patterns.T)[np.triu_indices(9, k=1)] // 2
    assert (distance.min(), distance.max()) == (11, 30)


def test_dots_flip_with_the_stated_probability():
    patterns = braille(["hopper"], cells=10)
    inputs, labels = flipped(patterns, 0.2, 5000)
    assert (inputs != patterns[labels]).mean() == pytest.approx(0.2, abs=0.003)


def test_without_flips_the_decoder_is_always_right(workload):
    patterns = workload().dataset.patterns
    assert nearest_word_rate(patterns, *flipped(patterns, 0.0, 3)) == 1.0


@pytest.mark.parametrize("dots", [7, 8])
def test_the_decoder_of_two_opposite_patterns_is_a_majority_vote(dots):
    patterns = np.array([[1] * dots, [-1] * dots], dtype=np.int8)
    p = 0.3
    chance = [comb(dots, k) * p**k * (1 - p) ** (dots - k) for k in range(dots + 1)]
    tie = chance[dots // 2] / 2 if dots % 2 == 0 else 0.0
    expected = sum(chance[: (dots + 1) // 2]) + tie
    found = nearest_word_rate(patterns, *flipped(patterns, p, 50_000))
    assert found == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize(("flips", "ceiling"), [(0.1, 0.9999), (0.2, 0.984), (0.3, 0.833)])
def test_ceilings_of_the_nine_words(workload, flips, ceiling):
    patterns = workload().dataset.patterns
    found = nearest_word_rate(patterns, *flipped(patterns, flips, 10_000))
    assert found == pytest.approx(ceiling, abs=0.004)
