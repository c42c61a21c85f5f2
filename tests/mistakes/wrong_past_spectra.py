"""Fourier, cosine, Hadamard and wavelet transforms and filters in the frequencies, with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def signal_and_gains(n):
    return normal(n, n // 2 + 1)


def equaliser(x, gains):
    spectrum = np.fft.rfft(x)
    return np.fft.irfft(spectrum * gains, len(x)), (spectrum, gains, len(x))


def equaliser_backward(g, saved):
    spectrum, gains, n = saved
    back = np.fft.rfft(g)
    return np.fft.irfft(back * gains, n), (spectrum.conj() * back).real / n


def magnitudes(x):
    spectrum = np.fft.rfft(x, axis=-1)
    return np.abs(spectrum), (spectrum, x.shape[-1])


def magnitudes_backward(g, saved):
    spectrum, n = saved
    return (np.fft.irfft(g * spectrum / np.abs(spectrum), n, axis=-1) * n,)


def correlate_2d(x, w):
    fx, fw = np.fft.fft2(x), np.fft.fft2(w)
    return np.fft.ifft2(fx * fw.conj()).real, (fx, fw)


def correlate_2d_backward(g, saved):
    fx, fw = saved
    fg = np.fft.fft2(g)
    return np.fft.ifft2(fg * fw).real, np.fft.ifft2(fx.conj() * fg).real


def low_modes(x, weight):
    """The lowest frequencies, as many as there are weights, each times its weight; the others cut off."""
    spectrum = np.fft.fft(x)
    y = np.zeros_like(spectrum)
    y[: len(weight)] = spectrum[: len(weight)] * weight
    return np.fft.ifft(y).real, (spectrum, weight)


def low_modes_backward(g, saved):
    spectrum, weight = saved
    back = np.fft.fft(g)
    d = np.zeros_like(back)
    d[: len(weight) - 1] = back[: len(weight) - 1] * weight[:-1]
    return np.fft.ifft(d).real, (spectrum.conj() * back).real[: len(weight)] / len(g)


def low_modes_passed(g, saved):
    spectrum, weight = saved
    back = np.fft.fft(g)
    gains = np.ones(len(g))
    gains[: len(weight)] = weight
    return np.fft.ifft(back * gains).real, (spectrum.conj() * back).real[: len(weight)] / len(g)


def analytic(x):
    """Hilbert transform of each row."""
    n = x.shape[-1]
    gain = -1j * np.sign(np.fft.fftfreq(n))
    if n % 2 == 0:
        gain[n // 2] = 0
    return np.fft.ifft(np.fft.fft(x) * gain).real


def cosine_matrix(n):
    k, t = np.arange(n)[:, None], np.arange(n)
    matrix = np.sqrt(2 / n) * np.cos(np.pi * k * (2 * t + 1) / (2 * n))
    matrix[0] /= np.sqrt(2)
    return matrix


def cosine_backward(g, n):
    k, t = np.arange(n)[:, None], np.arange(n)
    return (g @ (np.sqrt(2 / n) * np.cos(np.pi * k * (2 * t + 1) / (2 * n))),)


def haar(x):
    """Two levels of Haar wavelets: mean, coarse details, fine details."""
    parts = []
    for _ in range(2):
        parts.insert(0, (x[::2] - x[1::2]) / np.sqrt(2))
        x = (x[::2] + x[1::2]) / np.sqrt(2)
    return np.concatenate([x, *parts]), len(x) * 4


def haar_inverse(g, n, sign):
    q = n // 4
    parts = [g[:q], g[q : 2 * q], g[2 * q :]]
    mean = parts[0]
    for detail in parts[1:]:
        longer = np.empty(2 * len(mean))
        longer[::2], longer[1::2] = (mean + sign * detail) / np.sqrt(2), (mean - sign * detail) / np.sqrt(2)
        mean = longer
    return (mean,)


def hadamard(x):
    y, h = x.copy(), 1
    while h < x.shape[-1]:
        pairs = y.reshape((*x.shape[:-1], -1, 2, h))
        y = np.stack([pairs[..., 0, :] + pairs[..., 1, :], pairs[..., 0, :] - pairs[..., 1, :]], axis=-2).reshape(x.shape)
        h *= 2
    return y


def normed_hadamard_backward(g, _):
    return (hadamard(g) / g.shape[-1],)


def delayed(x, delay):
    frequency = np.fft.fftfreq(len(x))
    spectrum = np.fft.fft(x) * np.exp(-2j * np.pi * frequency * delay)
    return np.fft.ifft(spectrum).real, (spectrum, frequency, delay)


def delayed_backward(g, saved):
    spectrum, frequency, delay = saved
    dx = np.fft.ifft(np.fft.fft(g) * np.exp(2j * np.pi * frequency * delay)).real
    return dx, (g * np.fft.ifft(-1j * frequency * spectrum).real).sum().reshape(delay.shape)


def delayed_on(g, saved):
    spectrum, frequency, delay = saved
    dx = np.fft.ifft(np.fft.fft(g) * np.exp(-2j * np.pi * frequency * delay)).real
    return dx, (g * np.fft.ifft(-2j * np.pi * frequency * spectrum).real).sum().reshape(delay.shape)


def cosine_sums(x, w):
    """Correlation of a signal with cosines of learned frequencies."""
    t = np.arange(len(x))
    return np.cos(np.outer(w, t)) @ x, (x, w)


def cosine_sums_backward(g, saved):
    x, w = saved
    t = np.arange(len(x))
    return g @ np.cos(np.outer(w, t)), -g * (np.sin(np.outer(w, t)) @ (x * (t + 1)))


def autocorrelation(x):
    spectrum = np.fft.fft(x)
    return np.fft.ifft(np.abs(spectrum) ** 2).real, spectrum


def spectral_derivative(x):
    return np.fft.ifft(2j * np.pi * np.fft.fftfreq(x.shape[-1]) * np.fft.fft(x, axis=-1), axis=-1).real


def finer(x):
    """Twice as many samples of a periodic signal of odd length, by zeros behind its spectrum."""
    n = len(x)
    return 2 * np.fft.irfft(np.fft.rfft(x), 2 * n), n


def finer_backward(g, n):
    return (2 * np.fft.irfft(np.fft.rfft(g)[: n // 2 + 1], n),)


def log_power(x):
    spectrum = np.fft.fft(x, axis=-1)
    power = np.abs(spectrum) ** 2 + 0.1
    return np.log(power), (spectrum, power)


def log_power_backward(g, saved):
    spectrum, power = saved
    return (2 * np.fft.fft(g * spectrum.conj() / (power - 0.1), axis=-1).real,)


def framed_power(x):
    """Power of frames of four, hop two, under a Hann window."""
    window = np.hanning(6)[1:-1]
    frames = np.lib.stride_tricks.sliding_window_view(x, 4)[::2] * window
    spectrum = np.fft.fft(frames)
    return np.abs(spectrum) ** 2, (spectrum, window, len(x))


def framed_power_backward(g, saved):
    spectrum, window, n = saved
    d = 2 * np.fft.fft(g * spectrum.conj()).real * window
    dx = np.zeros(n)
    for i, row in enumerate(d):
        dx[2 * i : 2 * i + 4] = row
    return (dx,)


def filter_bank(x, centres):
    """Energies in triangular bands around learned centres, of a power spectrum with the frequencies 0, 1, 2 ..."""
    distance = np.arange(len(x)) - centres[:, None]
    weight = np.maximum(0, 1 - np.abs(distance) / 2)
    return weight @ x, (x, distance, weight)


def filter_bank_backward(g, saved):
    x, distance, weight = saved
    return g @ weight, g * ((np.sign(distance) / 2) @ x)


def bands(n, bands):
    return lambda rng: [rng.standard_normal(n), rng.uniform(1, n - 2, bands)]


WRONG = [
    Wrong(
        "equaliser: gains of the inner frequencies",
        op("equaliser", equaliser, equaliser_backward),
        (signal_and_gains(8), signal_and_gains(7), signal_and_gains(12)),
        "scale",
        "frequencies between zero and the highest stand for two of the full spectrum; their gains get half of the gradient",
        also=("chain factor", "not summed", "left out"),
    ),
    Wrong(
        "magnitudes of rfft: back by irfft",
        op("magnitudes", magnitudes, magnitudes_backward),
        (normal(8), normal((2, 7)), normal((3, 6))),
        "summed",
        "irfft counts each inner frequency twice, but rfft's output holds it once",
        also=("scale", "chain factor", "wrong formula"),
    ),
    Wrong(
        "cyclic correlation by fft2: the kernel's conjugate",
        op("correlate_2d", correlate_2d, correlate_2d_backward),
        (normal((4, 4), (4, 4)), normal((3, 5), (3, 5)), normal((2, 6), (2, 6))),
        "flipped",
        "conj(F(x)) F(g) in place of F(x) conj(F(g)): the kernel's gradient is mirrored",
    ),
    Wrong(
        "real part of an orthonormal FFT: not orthonormal in backward",
        op(
            "real_fft",
            lambda x: (np.fft.fft(x, norm="ortho").real, None),
            lambda g, _: (np.fft.fft(g).real,),
        ),
        (normal(8), normal((2, 5)), normal((3, 3))),
        "factor",
        "norm='ortho' is missing in backward: too large by the root of the length",
        also=("wrong constant", "not averaged"),
    ),
    Wrong(
        "low modes with weights: one mode fewer in backward",
        op("low_modes", low_modes, low_modes_backward),
        (normal(8, 3), normal(7, 2), normal(12, 5)),
        "left out",
        "the highest kept frequency is left out of x's gradient",
        also=("wrong mask", "term missing"),
    ),
    Wrong(
        "low modes with weights: the others pass",
        op("low_modes", low_modes, low_modes_passed),
        (normal(8, 3), normal(7, 2), normal(12, 5)),
        "no mask",
        "frequencies that forward cuts off are let through in backward",
        also=("term extra", "wrong mask"),
    ),
    Wrong(
        "Hilbert transform: itself once more",
        op("hilbert", lambda x: (analytic(x), None), lambda g, _: (analytic(g),)),
        (normal(8), normal((2, 7)), normal((4, 4))),
        "sign",
        "the transform is antisymmetric: backward needs its negative",
        also=("flipped", "transposed", "factor"),
    ),
    Wrong(
        "orthonormal cosine transform: first frequency",
        op("dct", lambda x: (x @ cosine_matrix(x.shape[-1]).T, x.shape[-1]), cosine_backward),
        (normal(8), normal((2, 5)), normal((4, 4))),
        "wrong constant",
        "the factor 1 / sqrt(2) of the frequency zero is missing in backward",
        also=("scale", "chain factor"),
    ),
    Wrong(
        "Haar wavelets of two levels: sign of the details",
        op("haar", haar, lambda g, n: haar_inverse(g, n, -1)),
        (normal(8), normal(4), normal(12)),
        "sign of a term",
        "details are the first minus the second; backward gives the minus to the first",
        also=("flipped", "permuted", "other place"),
    ),
    Wrong(
        "normed Hadamard transform: divided by n",
        op("hadamard", lambda x: (hadamard(x) / np.sqrt(x.shape[-1]), None), normed_hadamard_backward),
        (normal(8), normal((2, 4)), normal((4, 4))),
        "factor",
        "backward divides by n, forward by its root",
        also=("averaged", "wrong constant"),
    ),
    Wrong(
        "learned delay in the frequencies: 2 pi",
        op("delayed", delayed, delayed_backward),
        (normal(7, 1), normal(9, 1), normal(5, 1)),
        "factor",
        "2 pi is missing in the delay's gradient",
        also=("chain factor",),
    ),
    Wrong(
        "learned delay in the frequencies: delayed once more",
        op("delayed", delayed, delayed_on),
        (normal(7, 1), normal(9, 1), normal(5, 1)),
        "shifted",
        "the gradient is delayed, where it has to be advanced: the phase's sign",
        also=("flipped", "transposed", "sign", "sign of a term"),
    ),
    Wrong(
        "cosines of learned frequencies: time counts from one",
        op("cosine_sums", cosine_sums, cosine_sums_backward),
        (normal(6, 3), normal(4, 4), normal(9, 2)),
        "chain factor",
        "the frequencies' gradient has t + 1 in place of the inner derivative t",
        also=("term extra", "wrong constant", "wrong formula", "shifted"),
    ),
    Wrong(
        "cyclic autocorrelation by FFT: one of two factors",
        op(
            "autocorrelation",
            autocorrelation,
            lambda g, spectrum: (np.fft.ifft(spectrum * np.fft.fft(g)).real,),
        ),
        (normal(6), normal(9), normal(4)),
        "term missing",
        "x is in both factors of the product, and gets the gradient of one",
        also=("not summed",),
    ),
    Wrong(
        "derivative of a periodic signal: differentiated once more",
        op("spectral_derivative", lambda x: (spectral_derivative(x), None), lambda g, _: (spectral_derivative(g),)),
        (normal(7), normal((2, 9)), normal((5, 5))),
        "sign",
        "i k has to be conjugated: the derivative's adjoint is its negative",
        also=("transposed", "flipped", "factor"),
    ),
    Wrong(
        "twice the samples by the spectrum: 2 in backward",
        op("finer", finer, finer_backward),
        (normal(7), normal(5), normal(9)),
        "factor",
        "forward's 2 makes up for irfft's longer division; in backward it is one too many",
    ),
    Wrong(
        "log of power plus a floor: floor left out in backward",
        op("log_power", log_power, log_power_backward),
        (normal(6), normal((2, 5)), normal((3, 4))),
        "wrong constant",
        "backward divides by the power without the 0.1 that forward adds",
        also=("wrong point", "wrong formula", "chain factor"),
    ),
    Wrong(
        "power of frames: = where frames overlap",
        op("framed_power", framed_power, framed_power_backward),
        (normal(8), normal(10), normal(12)),
        "overwritten",
        "overlapping frames are assigned to dx, not added",
        also=("not summed",),
    ),
    Wrong(
        "triangular bands: centres pulled from everywhere",
        op("filter_bank", filter_bank, filter_bank_backward),
        (bands(9, 3), bands(6, 2), bands(12, 4)),
        "no mask",
        "frequencies outside a band have a part in its centre's gradient",
    ),
]
