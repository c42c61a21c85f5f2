"""Running sums and recursions over time (CRF, HMM, CTC, returns, scans) with a wrong backward pass."""

import numpy as np
from corpus import Wrong

import minimix as mm


def op(name, forward, backward):
    return lambda *x: mm.apply(mm.Op(name, forward, backward), *x)


def normal(*shapes):
    return lambda rng: [rng.standard_normal(shape) for shape in shapes]


def positive(*shapes):
    return lambda rng: [rng.uniform(0.5, 2, shape) for shape in shapes]


def log_cumsum_exp(x):
    y = np.logaddexp.accumulate(x, axis=-1)
    return y, (x, y)


def log_cumsum_exp_backward(g, saved):
    x, y = saved
    return (np.exp(x) * np.cumsum(g * np.exp(-y), axis=-1),)


def logsum(x, axis):
    top = x.max(axis)
    return top + np.log(np.exp(x - np.expand_dims(top, axis)).sum(axis))


def crf(scores, transitions):
    """Log of the sum over all paths; scores: (T, S), transitions: (S, S), from row to column."""
    alpha = [scores[0]]
    for row in scores[1:]:
        alpha.append(row + logsum(alpha[-1][:, None] + transitions, 0))
    beta = [np.zeros(scores.shape[1])]
    for row in scores[:0:-1]:
        beta.append(logsum(transitions + row + beta[-1], 1))
    total = logsum(alpha[-1], 0)
    return np.array(total), (scores, transitions, np.array(alpha), np.array(beta[::-1]), total)


def pair_probabilities(saved, t):
    scores, transitions, alpha, beta, total = saved
    return np.exp(alpha[t][:, None] + transitions + scores[t + 1] + beta[t + 1] - total)


def crf_last_step(g, saved):
    scores, _transitions, alpha, beta, total = saved
    for t in range(len(scores) - 1):
        dtransitions = g * pair_probabilities(saved, t)
    return g * np.exp(alpha + beta - total), dtransitions


def crf_transposed(g, saved):
    scores, transitions, alpha, beta, total = saved
    dtransitions = np.zeros_like(transitions)
    for t in range(len(scores) - 1):
        dtransitions += g * pair_probabilities(saved, t).T
    return g * np.exp(alpha + beta - total), dtransitions


def crf_filtered(g, saved):
    scores, _transitions, alpha, _beta, _total = saved
    seen = np.exp(alpha - logsum(alpha, 1)[:, None])
    return g * seen, g * sum(pair_probabilities(saved, t) for t in range(len(scores) - 1))


def path_score(scores, transitions):
    """Score of the path 0, 1, 1, 0, 1, 1, 0 ... of two states and more."""
    path = (np.arange(len(scores)) % 3 > 0).astype(int)
    total = scores[np.arange(len(scores)), path].sum() + transitions[path[:-1], path[1:]].sum()
    return np.array(total), (scores.shape, transitions.shape)


def path_score_backward(g, shapes):
    n = shapes[0][0]
    path = (np.arange(n) % 3 > 0).astype(int)
    dscores, dtransitions = (np.zeros(shape) for shape in shapes)
    dscores[np.arange(n), path] += g
    dtransitions[path[:-1], path[1:]] += g
    return dscores, dtransitions


LABELS = np.array([0, 1, 0, 2, 0])  # 0: blank


def ctc_alpha(logp):
    """Log-likelihood of the labels 1, 2 by CTC; logp: (T, C) log-probabilities, not normalised here."""
    alpha = np.full((len(logp), 5), -np.inf)
    alpha[0, :2] = logp[0, LABELS[:2]]
    for t in range(1, len(logp)):
        for s in range(5):
            before = [alpha[t - 1, s]] + ([alpha[t - 1, s - 1]] if s else []) + ([alpha[t - 1, s - 2]] if s == 3 else [])
            alpha[t, s] = np.logaddexp.reduce(before) + logp[t, LABELS[s]]
    return np.array(np.logaddexp(alpha[-1, 4], alpha[-1, 3])), (logp, alpha)


def ctc_without_skips(g, saved):
    logp, alpha = saved
    beta = np.full(alpha.shape, -np.inf)
    beta[-1, 3:] = 0
    for t in range(len(logp) - 2, -1, -1):
        for s in range(5):
            beta[t, s] = np.logaddexp.reduce([beta[t + 1, k] + logp[t + 1, LABELS[k]] for k in (s, s + 1) if k < 5])
    dlogp = np.zeros(logp.shape)
    likelihood = np.logaddexp(alpha[-1, 4], alpha[-1, 3])
    for s in range(5):
        dlogp[:, LABELS[s]] += g * np.exp(alpha[:, s] + beta[:, s] - likelihood)
    return (dlogp,)


def ctc_last_use(g, saved):
    logp, alpha = saved
    beta = np.full(alpha.shape, -np.inf)
    beta[-1, 3:] = 0
    for t in range(len(logp) - 2, -1, -1):
        for s in range(5):
            after = [k for k in (s, s + 1, s + 2) if k < 5 and (k < s + 2 or s == 1)]
            beta[t, s] = np.logaddexp.reduce([beta[t + 1, k] + logp[t + 1, LABELS[k]] for k in after])
    dlogp = np.zeros(logp.shape)
    for t in range(len(logp)):
        dlogp[t, LABELS] = g * np.exp(alpha[t] + beta[t] - np.logaddexp(alpha[-1, 4], alpha[-1, 3]))
    return (dlogp,)


def returns(r, discount=0.9):
    y = r.copy()
    for t in range(r.shape[-1] - 2, -1, -1):
        y[..., t] += discount * y[..., t + 1]
    return y, None


def advantages(r, values):
    """Generalised advantages, discount 0.9, lambda 0.5; one value more than rewards."""
    y = r + 0.9 * values[1:] - values[:-1]
    for t in range(len(r) - 2, -1, -1):
        y[t] += 0.45 * y[t + 1]
    return y, None


def advantages_backward(g, _, decay=0.9, ahead=0.9):
    d = g.copy()
    for t in range(1, len(d)):
        d[t] += decay * d[t - 1]
    dvalues = np.zeros(len(d) + 1)
    dvalues[1:] += ahead * d
    dvalues[:-1] -= d
    return d, dvalues


def advantages_bootstrap(g, _):
    d, dvalues = advantages_backward(g, None, 0.45)
    dvalues[-1] = 0
    return d, dvalues


def prepended_backward(g, _):
    dx = g.copy()
    dx[..., 1:] -= g[..., :-1]
    return (dx,)


def doubling_scan(x, rate=0.8):
    """y[t] = rate y[t - 1] + x[t], in log2(n) steps."""
    y, shift = x.copy(), 1
    while shift < len(x):
        moved = np.zeros_like(y)
        moved[shift:] = rate**shift * y[:-shift]
        y, shift = y + moved, 2 * shift
    return y, None


def doubling_scan_backward(g, _, rate=0.8):
    d, shift = g.copy(), 1
    while shift < len(g) // 2:
        moved = np.zeros_like(d)
        moved[:-shift] = rate**shift * d[shift:]
        d, shift = d + moved, 2 * shift
    return (d,)


def moving_variance(x):
    windows = np.lib.stride_tricks.sliding_window_view(x, 3)
    return windows.var(1), x


def moving_variance_backward(g, x):
    dx = np.zeros(len(x))
    for t, value in enumerate(g):
        dx[t : t + 3] += value * 2 / 3 * (x[t : t + 3] - x.mean())
    return (dx,)


def excitation(times, rate):
    """Hawkes process: what earlier events add to the intensity at each event."""
    lag = np.cumsum(times)[:, None] - np.cumsum(times)
    kernel = np.where(np.tri(len(times), k=-1) > 0, np.exp(-rate * lag), 0)
    return kernel.sum(1), (kernel, lag, rate)


def excitation_backward(g, saved):
    kernel, _lag, rate = saved
    slope = -rate * g[:, None] * kernel
    dmoments = slope.sum(1) - slope.sum(0)
    return np.cumsum(dmoments[::-1])[::-1], -(g[:, None] * kernel).sum().reshape(rate.shape)


def excitation_without_past(g, saved):
    kernel, lag, rate = saved
    dmoments = (-rate * g[:, None] * kernel).sum(1)
    return np.cumsum(dmoments[::-1])[::-1], -(g[:, None] * kernel * lag).sum().reshape(rate.shape)


def flat_cumsum_backward(g, _):
    return (np.cumsum(g[:, ::-1], axis=1)[:, ::-1],)


def hidden_bound(x, w):
    """Forward algorithm without logarithms: state <- (state @ w) * x[t]; the sum of the last state."""
    states = [x[0]]
    for row in x[1:]:
        states.append((states[-1] @ w) * row)
    return np.array(states[-1].sum()), (x, w, states)


def hidden_bound_backward(g, saved):
    x, w, states = saved
    dx, dw, d = np.zeros_like(x), np.zeros_like(w), np.full(x.shape[1], g)
    for t in range(len(x) - 1, 0, -1):
        dx[t] = d * (states[t - 1] @ w)
        dw += np.outer(states[t - 1], d)
        d = w @ (d * x[t])
    dx[0] = d
    return dx, dw


WRONG = [
    Wrong(
        "log-cumsum-exp: summed up from the front",
        op("log_cumsum_exp", log_cumsum_exp, log_cumsum_exp_backward),
        (normal(6), normal((3, 5)), normal((4, 4))),
        "transposed",
        "the gradients of later outputs belong to an element; backward sums those of earlier ones",
        also=("flipped", "other place", "wrong formula"),
    ),
    Wrong(
        "CRF partition: transitions of one step",
        op("crf", crf, crf_last_step),
        (normal((5, 3), (3, 3)), normal((4, 2), (2, 2)), normal((3, 4), (4, 4))),
        "overwritten",
        "dtransitions = in the loop over time: the last step remains",
        also=("not summed", "left out"),
    ),
    Wrong(
        "CRF partition: transitions from column to row",
        op("crf", crf, crf_transposed),
        (normal((5, 3), (3, 3)), normal((3, 2), (2, 2)), normal((3, 4), (4, 4))),
        "transposed",
        "the transitions' gradient is transposed",
    ),
    Wrong(
        "CRF partition: only the past counts",
        op("crf", crf, crf_filtered),
        (normal((5, 3), (3, 3)), normal((4, 2), (2, 2)), normal((3, 4), (4, 4))),
        "wrong formula",
        "the probability of a state given the past (alpha alone) in place of that given all (alpha + beta)",
        also=("term missing", "approximate", "chain factor"),
    ),
    Wrong(
        "CRF path: += with repeated transitions",
        op("crf_path", path_score, path_score_backward),
        (normal((7, 2), (2, 2)), normal((9, 3), (3, 3)), normal((8, 4), (4, 4))),
        "overwritten",
        "a transition that the path takes several times gets one gradient",
        also=("not summed",),
    ),
    Wrong(
        "CTC: skipped blanks in backward",
        op("ctc", ctc_alpha, ctc_without_skips),
        (normal((5, 3)), normal((4, 4)), normal((7, 3))),
        "term missing",
        "beta has no step from label 1 straight to label 2: these paths are missing",
        also=("left out", "not summed"),
    ),
    Wrong(
        "CTC: blank's three places",
        op("ctc", ctc_alpha, ctc_last_use),
        (normal((5, 3)), normal((4, 4)), normal((7, 3))),
        "overwritten",
        "dlogp[t, labels] = : of the three blanks the last one remains",
        also=("not summed",),
    ),
    Wrong(
        "discounted returns: backward runs as forward does",
        op("returns", returns, lambda g, _: (returns(g)[0],)),
        (normal(6), normal((3, 4)), normal((2, 2))),
        "transposed",
        "gradients run from early to late rewards; backward sums them from the end as forward sums rewards",
        also=("flipped", "other place"),
    ),
    Wrong(
        "generalised advantages: lambda in forward only",
        op("gae", advantages, advantages_backward),
        (normal(6, 7), normal(4, 5), normal(9, 10)),
        "wrong constant",
        "backward decays by the discount 0.9, forward by discount times lambda, 0.45",
    ),
    Wrong(
        "generalised advantages: no gradient for the last value",
        op("gae", advantages, advantages_bootstrap),
        (normal(6, 7), normal(3, 4), normal(9, 10)),
        "left out",
        "the value behind the last reward gets zero",
        also=("border",),
    ),
    Wrong(
        "differences with a zero in front: subtracted at the later one",
        op("differences", lambda x: (np.diff(x, prepend=0), None), prepended_backward),
        (normal(6), normal((3, 4)), normal((5, 5))),
        "transposed",
        "an element loses the gradient of the output before it, not of the one after it",
        also=("shifted", "flipped", "other place"),
    ),
    Wrong(
        "recurrence by doubling: last doubling in backward",
        op("doubling_scan", doubling_scan, doubling_scan_backward),
        (normal(8), normal(5), normal(13)),
        "not summed",
        "the loop ends one doubling early: outputs that are further away send nothing",
        also=("left out", "term missing"),
    ),
    Wrong(
        "moving variance: mean of the whole signal",
        op("moving_variance", moving_variance, moving_variance_backward),
        (normal(8), normal(5), normal(12)),
        "wrong formula",
        "the mean of the whole signal is subtracted, not that of the window",
        also=("wrong point", "wrong constant", "term extra"),
    ),
    Wrong(
        "self-exciting events: lag forgotten for the rate",
        op("hawkes", excitation, excitation_backward),
        (positive(6, 1), positive(4, 1), positive(9, 1)),
        "chain factor",
        "the rate's gradient lacks the time between the events",
    ),
    Wrong(
        "self-exciting events: the exciting one's time",
        op("hawkes", excitation, excitation_without_past),
        (positive(6, 1), positive(4, 1), positive(9, 1)),
        "term missing",
        "the time of the earlier event, with a minus in the lag, gets nothing",
        also=("not summed",),
    ),
    Wrong(
        "cumulative sum of a flattened picture: each row begins anew",
        op("flat_cumsum", lambda x: (np.cumsum(x).reshape(x.shape), None), flat_cumsum_backward),
        (normal((3, 4)), normal((4, 4)), normal((5, 2))),
        "not summed",
        "backward sums up within the rows: the gradients of all later rows are missing",
        also=("term missing",),
    ),
    Wrong(
        "state times matrix times evidence: the evidence left out of the matrix's gradient",
        op("hmm_forward", hidden_bound, hidden_bound_backward),
        (normal((4, 3), (3, 3)), normal((3, 2), (2, 2)), normal((5, 4), (4, 4))),
        "scale",
        "the matrix's gradient takes d in place of d * x[t]",
        also=("chain factor",),
    ),
]
