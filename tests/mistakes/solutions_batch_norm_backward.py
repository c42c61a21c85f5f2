"""Wrong solutions of the exercise "the backward pass of batch norm"."""

import numpy as np
from corpus import Solution

AXES = (0, 2, 3)


def mean(a):
    """Of each channel, (1, C, 1, 1)."""
    return a.mean(axis=AXES, keepdims=True)


def normalised(x, eps):
    """(x hat, sigma)."""
    sigma = np.sqrt(x.var(axis=AXES, keepdims=True) + eps)
    return (x - mean(x)) / sigma, sigma


def straight_only(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    return gradient * weight[:, None, None] / sigma, (gradient * hat).sum(axis=AXES), gradient.sum(axis=AXES)


def no_mean(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight.reshape(1, -1, 1, 1)
    return (g - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def no_sigma_term(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight.reshape(1, -1, 1, 1)
    return (g - mean(g)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def plus_for_minus(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[None, :, None, None]
    return (g - mean(g) + hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def gamma_forgotten(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    return (gradient - mean(gradient) - hat * mean(gradient * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def gamma_in_one_term(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = weight[:, None, None] * gradient
    return (g - mean(gradient) - hat * mean(gradient * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def gamma_twice(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    gamma = weight[:, None, None]
    g = gradient * gamma
    return gamma / sigma * (g - mean(g) - hat * mean(g * hat)), (gradient * hat).sum(AXES), gradient.sum(AXES)


def eps_forgotten(gradient, x, weight, eps):
    hat, sigma = normalised(x, 0.0)
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def eps_outside_the_root(gradient, x, weight, eps):
    sigma = x.std(axis=AXES, keepdims=True) + eps
    hat = (x - mean(x)) / sigma
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def eps_always_small(gradient, x, weight, eps=1e-5):
    hat, sigma = normalised(x, 1e-5)
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def one_less(gradient, x, weight, eps):
    sigma = np.sqrt(np.var(x, axis=AXES, ddof=1, keepdims=True) + eps)
    hat = (x - mean(x)) / sigma
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def gamma_grad_of_x(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * x).sum(AXES), gradient.sum(AXES)


def gamma_grad_times_gamma(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (g * hat).sum(AXES), g.sum(AXES)


def averaged_parameters(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).mean(AXES), gradient.mean(AXES)


def beta_before_gamma(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, gradient.sum(AXES), (gradient * hat).sum(AXES)


def each_image_alone(gradient, x, weight, eps):
    pixels = {"axis": (2, 3), "keepdims": True}
    sigma = np.sqrt(x.var(**pixels) + eps)
    hat = (x - x.mean(**pixels)) / sigma
    g = gradient * weight[:, None, None]
    grad_x = (g - g.mean(**pixels) - hat * (g * hat).mean(**pixels)) / sigma
    return grad_x, (gradient * hat).sum(AXES), gradient.sum(AXES)


def each_pixel_alone(gradient, x, weight, eps):
    sigma = np.sqrt(x.var(axis=0) + eps)
    hat = (x - x.mean(axis=0)) / sigma
    g = gradient * weight[:, None, None]
    grad_x = (g - g.mean(axis=0) - hat * (g * hat).mean(axis=0)) / sigma
    return grad_x, (gradient * hat).sum(AXES), gradient.sum(AXES)


def divided_by_images(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    n = len(x)
    g = gradient * weight[:, None, None]
    total, along = g.sum(AXES, keepdims=True), (g * hat).sum(AXES, keepdims=True)
    return (g - total / n - hat * along / n) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def variance_for_sigma(gradient, x, weight, eps):
    sigma = np.sqrt(x.var(axis=AXES, keepdims=True) + eps)
    hat = (x - mean(x)) / sigma
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma**2, (gradient * hat).sum(AXES), gradient.sum(AXES)


def never_divided(gradient, x, weight, eps):
    hat, _ = normalised(x, eps)
    g = gradient * weight[:, None, None]
    return g - mean(g) - hat * mean(g * hat), (gradient * hat).sum(AXES), gradient.sum(AXES)


def only_one_part_divided(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    return g / sigma - mean(g) - hat * mean(g * hat), (gradient * hat).sum(AXES), gradient.sum(AXES)


def gamma_along_the_rows(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def axes_are_kept(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    keep = {"axis": AXES, "keepdims": True}
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(**keep), gradient.sum(**keep)


def beta_over_everything(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum()


def one_mean_for_all(gradient, x, weight, eps):
    sigma = np.sqrt(x.var() + eps)
    hat = (x - x.mean()) / sigma
    g = gradient * weight[:, None, None]
    return (g - g.mean() - hat * np.mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def centres_x_in_place(gradient, x, weight, eps):
    x -= mean(x)
    sigma = np.sqrt(mean(x * x) + eps)
    hat = x / sigma
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def gradient_in_place(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    gradient *= weight[:, None, None]
    grad_x = (gradient - mean(gradient) - hat * mean(gradient * hat)) / sigma
    return grad_x, (gradient * hat).sum(AXES), gradient.sum(AXES)


def never_centred(gradient, x, weight, eps):
    sigma = np.sqrt(x.var(axis=AXES, keepdims=True) + eps)
    hat = x / sigma
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def divides_by_gamma(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    along = (g * hat).sum(AXES)
    grad_x = (g - mean(g) - hat * along[:, None, None] / (x.size / len(weight))) / sigma
    with np.errstate(all="ignore"):
        return grad_x, along / weight, g.sum(AXES) / weight


def a_true_projection(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    g = g - mean(g)
    return (g - hat * mean(g * hat) / mean(hat * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def step_by_step_without_the_half(gradient, x, weight, eps):
    m = x.size // x.shape[1]
    centred = x - mean(x)
    sigma = np.sqrt(mean(centred**2) + eps)
    d_hat = gradient * weight[:, None, None]
    d_var = -(d_hat * centred).sum(AXES, keepdims=True) / sigma**3
    d_mean = -d_hat.sum(AXES, keepdims=True) / sigma
    return d_hat / sigma + d_var * 2 * centred / m + d_mean / m, (gradient * centred / sigma).sum(AXES), gradient.sum(AXES)


def step_by_step_wrong_power(gradient, x, weight, eps):
    m = x.size // x.shape[1]
    mu, var = mean(x), x.var(axis=AXES, keepdims=True)
    d_hat = gradient * weight[:, None, None]
    d_var = (d_hat * (x - mu) * -0.5 * (var + eps) ** -0.5).sum(AXES, keepdims=True)
    d_mean = (-d_hat / np.sqrt(var + eps)).sum(AXES, keepdims=True)
    grad_x = d_hat / np.sqrt(var + eps) + d_var * 2 * (x - mu) / m + d_mean / m
    return grad_x, (gradient * (x - mu) / np.sqrt(var + eps)).sum(AXES), gradient.sum(AXES)


def one_image_is_evaluation(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    if len(x) > 1:
        g = g - mean(g) - hat * mean(g * hat)
    return g / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def first_channel_only(gradient, x, weight, eps):
    grad_x, grad_gamma, grad_beta = np.zeros_like(x), np.zeros_like(weight), np.zeros_like(weight)
    for c in range(x.shape[1]):
        sigma = np.sqrt(x[:, c].var() + eps)
        hat = (x[:, c] - x[:, c].mean()) / sigma
        g = gradient[:, c] * weight[c]
        grad_x[:, c] = (g - g.mean() - hat * (g * hat).mean()) / sigma
        grad_gamma[c], grad_beta[c] = (gradient[:, c] * hat).sum(), gradient[:, c].sum()
        return grad_x, grad_gamma, grad_beta


def absolute_gamma(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    gamma = np.sqrt(weight**2)[:, None, None]  # cannot be negative, it is a scale
    g = gradient * gamma
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def difference_of_squares(gradient, x, weight, eps):
    x, gradient = x.astype(np.float32), gradient.astype(np.float32)
    sigma = np.sqrt(np.maximum(mean(x * x) - mean(x) ** 2, 0) + eps)
    hat = (x - mean(x)) / sigma
    g = gradient * weight[:, None, None]
    return (g - mean(g) - hat * mean(g * hat)) / sigma, (gradient * hat).sum(AXES), gradient.sum(AXES)


def memory_for_channels(gradient, x, weight, eps):
    c = x.shape[1]
    rows, down = x.reshape(c, -1), gradient.reshape(c, -1)
    sigma = np.sqrt(rows.var(axis=1, keepdims=True) + eps)
    hat = (rows - rows.mean(axis=1, keepdims=True)) / sigma
    g = down * weight[:, None]
    g = g - g.mean(axis=1, keepdims=True) - hat * (g * hat).mean(axis=1, keepdims=True)
    return (g / sigma).reshape(x.shape), (down * hat).sum(axis=1), down.sum(axis=1)


def nothing_moves_sigma_and_mean_of_gamma(gradient, x, weight, eps):
    hat, sigma = normalised(x, eps)
    g = gradient * weight[:, None, None]
    return (g - mean(g)) / sigma, (gradient * hat).mean(AXES), gradient.sum(AXES)


WRONG = [
    ("straight only", straight_only, "dX has the straight way only: the ways through the mean and through sigma are missing"),
    ("no mean", no_mean, "the way through the mean is missing in dX"),
    ("no way through sigma", no_sigma_term, "the way through sigma (hat times the mean of g hat) is missing in dX"),
    ("plus for minus", plus_for_minus, "the term through sigma has the wrong sign"),
    ("gamma forgotten", gamma_forgotten, "dX is not multiplied by gamma"),
    ("gamma in one term", gamma_in_one_term, "gamma is in the straight term only, not in the two means"),
    ("gamma twice", gamma_twice, "dX is multiplied by gamma twice"),
    ("eps forgotten", eps_forgotten, "eps is not added to the variance"),
    ("eps outside the root", eps_outside_the_root,
     "eps is added to the standard deviation, not to the variance under the root"),
    ("eps always 1e-5", eps_always_small, "the argument eps is ignored, 1e-5 is used always"),
    ("divided by one less", one_less, "the variance divides by M - 1, where it should be the plain mean of squares"),
    ("dgamma with x", gamma_grad_of_x, "dgamma sums dY x, not dY times the normalised x"),
    ("dgamma and dbeta with gamma", gamma_grad_times_gamma, "dgamma and dbeta have a factor gamma too many"),
    ("averaged parameters", averaged_parameters, "dgamma and dbeta are means over the channel, where they should be sums"),
    ("beta before gamma", beta_before_gamma, "dbeta and dgamma are returned in the wrong order"),
    ("each image alone", each_image_alone, "mean and variance are of each image by itself (instance norm), not of the batch"),
    ("each pixel alone", each_pixel_alone,
     "mean and variance are over the batch only, each pixel by itself, not over the pixels as well"),
    ("divided by the images", divided_by_images, "the means of dX divide by N, not by the number of values N H W"),
    ("variance for sigma", variance_for_sigma, "dX is divided by sigma squared, not by sigma"),
    ("never divided by sigma", never_divided, "dX is not divided by sigma"),
    ("only one part divided", only_one_part_divided, "only the straight term of dX is divided by sigma, the other two are not"),
    ("gamma along the rows", gamma_along_the_rows,
     "gamma (C,) is multiplied without new axes, so it lies along the width: fails, or is wrong where W = C"),
    ("axes are kept", axes_are_kept, "dgamma and dbeta have shape (1, C, 1, 1), not (C,)"),
    ("beta over everything", beta_over_everything, "dbeta is summed over the channels as well, one number in place of (C,)"),
    ("one mean for all", one_mean_for_all, "mean and variance are over all channels together, not one for each channel"),
    ("centres x in place", centres_x_in_place,
     "the results are right, but the array x that was passed in is changed (its mean is subtracted)"),
    ("gradient in place", gradient_in_place,
     "the array gradient is multiplied by gamma in place: it is changed, and dgamma and dbeta have a factor gamma too many"),
    ("never centred", never_centred, "the normalised x is x / sigma: the mean is not subtracted"),
    ("divides by gamma", divides_by_gamma, "dgamma and dbeta are found by dividing by gamma: NaN where gamma is 0"),
    ("a true projection", a_true_projection,
     "the term through sigma is divided by the mean of hat squared, as though hat had length sqrt(M): wrong unless eps is 0"),
    ("step by step, the half forgotten", step_by_step_without_the_half,
     "the derivative of the variance lacks its factor 1/2, so the term through sigma counts twice"),
    ("step by step, a wrong power", step_by_step_wrong_power,
     "the derivative by the variance has the power -1/2 in place of -3/2"),
    ("one image is evaluation", one_image_is_evaluation, "with a batch of one image dX has the straight term only"),
    ("first channel only", first_channel_only,
     "returns from within the loop: only the first channel is handled, the others stay 0"),
    ("absolute gamma", absolute_gamma, "dX uses the absolute value of gamma: the sign is wrong where gamma is negative"),
    ("difference of squares in float32", difference_of_squares,
     "the variance is E[x^2] - E[x]^2 in float32, which has no digits left where the mean is much larger than the spread"),
    ("memory for channels", memory_for_channels,
     "reshape(C, -1) without a transpose mixes channels and images: right only for a batch of one image"),
    ("no sigma, and dgamma averaged", nothing_moves_sigma_and_mean_of_gamma,
     "two mistakes: the term through sigma is missing in dX, and dgamma is a mean in place of a sum"),
]  # fmt: skip
SOLUTIONS = [Solution("batch_norm_backward", f"batch_norm_backward: {name}", wrong, truth) for name, wrong, truth in WRONG]
