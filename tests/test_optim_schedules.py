"""Learning rate schedules against their definitions, against PyTorch's schedulers, and through a Scheduler."""

import math

import numpy as np
import pytest

from minimix import optim
from minimix.tensor import Tensor


def optimizer_of(*lrs, lr=0.1):
    groups = [{"params": [Tensor(np.ones(2), requires_grad=True)], **({} if own is None else {"lr": own})} for own in lrs]
    return optim.SGD(groups, lr=lr)


def torch_rates(make, steps, lr):
    torch = pytest.importorskip("torch")
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=lr)
    scheduler = make(torch.optim.lr_scheduler, optimizer)
    rates = []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return rates


# -- definitions ------------------------------------------------------------------------------------------------------


def test_staircase_counts_whole_stairs():
    schedule = optim.staircase_exponential(1.0, steps_per_decay=2.4 * 5, decay_rate=0.5)
    assert [schedule(s) for s in (0, 11, 12, 23, 24, 36)] == [1.0, 1.0, 0.5, 0.5, 0.25, 0.125]


def test_staircase_with_a_fractional_stair():
    schedule = optim.staircase_exponential(1.0, steps_per_decay=2.5, decay_rate=0.5)
    assert [schedule(s) for s in range(6)] == [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]


def test_cosine_ends_and_middle_and_holds():
    schedule = optim.cosine(1.0, total_steps=8, final_lr=0.2)
    np.testing.assert_allclose([schedule(0), schedule(4), schedule(8)], [1.0, 0.6, 0.2], rtol=1e-15)
    assert schedule(9) == schedule(1000) == schedule(8)


def test_one_cycle_corners_and_holds():
    schedule = optim.one_cycle(1.0, 100, pct_start=0.25, div_factor=10, final_div_factor=100)
    rates = [schedule(s) for s in range(100)]
    np.testing.assert_allclose([rates[0], rates[24], rates[99]], [0.1, 1.0, 0.001], rtol=1e-12)
    assert np.argmax(rates) == 24
    assert (np.diff(rates[:25]) > 0).all()
    assert (np.diff(rates[24:]) < 0).all()
    assert schedule(100) == schedule(10**6) == rates[99]


def test_one_cycle_may_only_rise_or_only_fall():
    """PyTorch divides by zero in the first of these."""
    rising, falling = optim.one_cycle(1.0, 5, pct_start=1.0, anneal="linear"), optim.one_cycle(1.0, 5, pct_start=0.2)
    np.testing.assert_allclose([rising(s) for s in range(5)], np.linspace(0.04, 1.0, 5), rtol=1e-12)
    assert falling(0) == 1.0
    assert optim.one_cycle(1.0, 1, pct_start=1.0)(0) == 1.0


def test_mnasnet_warm_up_under_a_decay_counted_from_step_0():
    """During warm-up the initial rate times the part done; then the staircase, which has not waited."""
    per_epoch = 10

    def literal(step):
        if step < 5 * per_epoch:
            return 0.256 * step / (5 * per_epoch)
        return 0.256 * 0.97 ** math.floor(step / (2.4 * per_epoch))

    schedule = optim.warmup(optim.staircase_exponential(0.256, 2.4 * per_epoch), 5 * per_epoch)
    np.testing.assert_allclose([schedule(s) for s in range(300)], [literal(s) for s in range(300)], rtol=1e-12)
    assert schedule(50) == pytest.approx(0.256 * 0.97**2, rel=1e-12)


def test_delayed_warm_up_loses_nothing_of_the_schedule():
    cosine = optim.cosine(0.4, 20)
    schedule = optim.warmup(cosine, 5, start=0.1, delay=True)
    np.testing.assert_allclose([schedule(s) for s in range(5)], [0.1, 0.16, 0.22, 0.28, 0.34], rtol=1e-12)
    assert [schedule(s) for s in range(5, 30)] == [cosine(s - 5) for s in range(5, 30)]


def test_warm_up_to_a_given_peak():
    schedule = optim.warmup(optim.constant(0.1), 4, peak=0.4)
    np.testing.assert_allclose([schedule(s) for s in range(6)], [0.0, 0.1, 0.2, 0.3, 0.1, 0.1], rtol=1e-15)


def test_no_warm_up_at_all():
    assert optim.warmup(optim.constant(0.1), 0)(0) == 0.1


# -- PyTorch ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("anneal", ["cos", "linear"])
@pytest.mark.parametrize("pct_start", [0.0, 0.1, 0.3, 0.77])
@pytest.mark.parametrize("total", [2, 7, 50])
def test_one_cycle_is_torchs(anneal, pct_start, total):
    options = {"pct_start": pct_start, "div_factor": 20.0, "final_div_factor": 300.0}
    expected = torch_rates(
        lambda m, o: m.OneCycleLR(o, 0.3, total_steps=total, anneal_strategy=anneal, cycle_momentum=False, **options),
        total,
        0.1,
    )
    schedule = optim.one_cycle(0.3, total, anneal=anneal, **options)
    np.testing.assert_allclose([schedule(s) for s in range(total)], expected, rtol=1e-12, atol=1e-15)


def test_one_cycle_defaults_are_torchs():
    expected = torch_rates(lambda m, o: m.OneCycleLR(o, 0.3, total_steps=90, cycle_momentum=False), 90, 0.1)
    schedule = optim.one_cycle(0.3, 90)
    np.testing.assert_allclose([schedule(s) for s in range(90)], expected, rtol=1e-12, atol=1e-15)


def test_cosine_is_torchs():
    expected = torch_rates(lambda m, o: m.CosineAnnealingLR(o, T_max=40, eta_min=0.01), 41, 0.3)
    schedule = optim.cosine(0.3, 40, final_lr=0.01)
    np.testing.assert_allclose([schedule(s) for s in range(41)], expected, rtol=1e-10)


def test_staircase_is_torchs_step_lr():
    expected = torch_rates(lambda m, o: m.StepLR(o, step_size=6, gamma=0.97), 40, 0.256)
    schedule = optim.staircase_exponential(0.256, 6)
    np.testing.assert_allclose([schedule(s) for s in range(40)], expected, rtol=1e-12)


def test_delayed_warm_up_is_torchs_sequence():
    def make(m, o):
        ramp = m.LinearLR(o, start_factor=0.1, total_iters=8)
        return m.SequentialLR(o, [ramp, m.StepLR(o, step_size=5, gamma=0.5)], milestones=[8])

    expected = torch_rates(make, 30, 0.2)
    schedule = optim.warmup(optim.staircase_exponential(0.2, 5, 0.5), 8, start=0.02, delay=True)
    np.testing.assert_allclose([schedule(s) for s in range(30)], expected, rtol=1e-12)


# -- Scheduler --------------------------------------------------------------------------------------------------------


def test_scheduler_sets_step_0_at_once_and_then_follows():
    optimizer = optimizer_of(None)
    schedule = optim.one_cycle(0.3, 10)
    scheduler = optim.Scheduler(optimizer, schedule)
    for step in range(12):
        assert optimizer.param_groups[0]["lr"] == schedule(step) == scheduler.get_last_lr()[0]
        scheduler.step()


def test_groups_keep_their_proportion():
    optimizer = optimizer_of(None, 0.01, 0.0, lr=0.1)
    scheduler = optim.Scheduler(optimizer, optim.cosine(0.8, 2))
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.8, 0.08, 0.0], rtol=1e-15)
    scheduler.step()
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.4, 0.04, 0.0], rtol=1e-15)


def test_given_multipliers():
    scheduler = optim.Scheduler(optimizer_of(None, 0.01), optim.constant(0.5), multipliers=[1.0, 3.0])
    assert scheduler.get_last_lr() == [0.5, 1.5]
    own = optim.SGD([{"params": [Tensor([1.0])], "lr_multiplier": 2.0}], lr=0.1)
    assert optim.Scheduler(own, optim.constant(0.5)).get_last_lr() == [1.0]


def test_a_second_scheduler_keeps_the_first_ones_proportion():
    """As when a run is resumed: the groups' rates are the scheduled ones then."""
    optimizer = optimizer_of(None, 0.01, lr=0.1)
    optim.Scheduler(optimizer, optim.constant(0.7))
    again = optim.Scheduler(optimizer, optim.constant(0.2))
    np.testing.assert_allclose(again.get_last_lr(), [0.2, 0.02], rtol=1e-15)


def test_resumed_scheduler_goes_on_to_the_bit():
    schedule = optim.warmup(optim.cosine(0.3, 50), 7)
    whole = optim.Scheduler(optimizer_of(None, 0.03), schedule)
    for _ in range(9):
        whole.step()
    resumed = optim.Scheduler(optimizer_of(None, 0.03), schedule)
    resumed.load_state_dict(whole.state_dict())
    for _ in range(5):
        assert resumed.get_last_lr() == whole.get_last_lr()
        resumed.step()
        whole.step()
    resumed.last_step = 2
    assert resumed.get_last_lr()[0] == schedule(2)


def parameter():
    return Tensor(np.ones(2), requires_grad=True)


@pytest.mark.parametrize("steps", [0, 1, 3])
@pytest.mark.parametrize("peak", [0.1, 0.5])
def test_a_group_added_later_is_scheduled_like_one_that_was_there(steps, peak):
    schedule = optim.warmup(optim.cosine(peak, 10), 2, start=0.01)
    there = optimizer_of(None, 0.001, None, lr=0.1)
    there.param_groups[2]["lr_multiplier"] = 3.0
    later = optimizer_of(None, lr=0.1)
    schedulers = [optim.Scheduler(optimizer, schedule) for optimizer in (there, later)]
    for _ in range(steps):
        for scheduler in schedulers:
            scheduler.step()
    later.add_param_group({"params": [parameter()], "lr": 0.001})
    later.add_param_group({"params": [parameter()], "lr_multiplier": 3.0})
    for _ in range(12):
        rates, expected = (scheduler.get_last_lr() for scheduler in schedulers[::-1])
        assert rates == expected
        np.testing.assert_allclose(rates[1:], [rates[0] / 100, rates[0] * 3], rtol=1e-14)
        for scheduler in schedulers:
            scheduler.step()


def test_a_group_added_later_is_as_slow_as_it_was_told_as_in_torch():
    torch = pytest.importorskip("torch")

    def rates(optimizer, scheduler, added):
        optimizer.add_param_group({"params": [added], "lr": 0.001})
        for _ in range(2):
            optimizer.step()
            scheduler.step()
        return [group["lr"] for group in optimizer.param_groups]

    theirs = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    expected = rates(theirs, torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 10), torch.nn.Parameter(torch.zeros(1)))
    ours = optim.SGD([parameter()], lr=0.1)
    np.testing.assert_allclose(rates(ours, optim.Scheduler(ours, optim.cosine(0.1, 10)), parameter()), expected, rtol=1e-12)


def test_a_run_with_a_group_that_was_added_later_is_resumed():
    def start(steps):
        optimizer = optimizer_of(None, lr=0.1)
        scheduler = optim.Scheduler(optimizer, optim.cosine(0.2, 10))
        for _ in range(steps):
            scheduler.step()
        optimizer.add_param_group({"params": [parameter()], "lr": 0.004})
        return optimizer, scheduler

    (whole, scheduler), (resumed, again) = start(4), start(0)
    scheduler.step()
    resumed.load_state_arrays(whole.state_arrays())
    again.load_state_dict(scheduler.state_dict())
    assert again.get_last_lr() == scheduler.get_last_lr()
    with pytest.raises(ValueError, match=r"has 2 parameter groups, the optimizer 1: .*add_param_group"):
        optimizer_of(None).load_state_dict(whole.state_dict())


def test_a_late_group_of_no_known_proportion_is_not_added():
    optimizer = optimizer_of(None, lr=0.0)
    optim.Scheduler(optimizer, optim.constant(0.1), [1.0])
    with pytest.raises(ValueError, match="lr_multiplier"):
        optimizer.add_param_group({"params": [parameter()], "lr": 0.1})
    with pytest.raises(ValueError, match="lr_multiplier is -1"):
        optimizer.add_param_group({"params": [parameter()], "lr_multiplier": -1})
    assert len(optimizer.param_groups) == 1
    optimizer.param_groups.append({**optimizer.param_groups[0], "params": [parameter()], "lr_multiplier": 0.5})  # by hand
    optim.Scheduler(optimizer, optim.constant(0.2)).step()
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: optim.constant(-1), "lr is -1"),
        (lambda: optim.cosine(0.1, 0), "total_steps is 0"),
        (lambda: optim.cosine(0.1, 10, -0.1), "final_lr is -0.1"),
        (lambda: optim.cosine(float("nan"), 10), "lr is nan"),
        (lambda: optim.staircase_exponential(0.1, 0), "steps_per_decay is 0"),
        (lambda: optim.staircase_exponential(0.1, 5, 0), "decay_rate is 0"),
        (lambda: optim.warmup(optim.constant(0.1), -1), "steps is -1"),
        (lambda: optim.warmup(optim.constant(0.1), 3, start=-1), "start is -1"),
        (lambda: optim.one_cycle(-0.1, 10), "max_lr is -0.1"),
        (lambda: optim.one_cycle(0.1, 0), "total_steps is 0"),
        (lambda: optim.one_cycle(0.1, 10, pct_start=1.5), "pct_start is 1.5"),
        (lambda: optim.one_cycle(0.1, 10, div_factor=0), "div_factor is 0"),
        (lambda: optim.one_cycle(0.1, 10, final_div_factor=0), "final_div_factor is 0"),
        (lambda: optim.one_cycle(0.1, 10, anneal="cosine"), '"cos" or "linear"'),
        (lambda: optim.Scheduler(optimizer_of(None), optim.constant(0.1), [1.0, 2.0]), "2 multipliers for 1"),
        (lambda: optim.Scheduler(optimizer_of(None), optim.constant(0.1), [-1.0]), "multiplier is -1.0"),
        (lambda: optim.Scheduler(optimizer_of(0.1, lr=0.0), optim.constant(0.1)), "multipliers="),
        (lambda: optim.Scheduler(optimizer_of(None), lambda step: -0.1), "learning rate of step 0 is -0.1"),
        (lambda: optim.Scheduler(optimizer_of(None), lambda step: math.nan if step else 0.1).step(), "of step 1 is nan"),
        (lambda: optim.Scheduler(optimizer_of(None), optim.constant(0.1)).load_state_dict({}), "last_step"),
        (lambda: setattr(optim.Scheduler(optimizer_of(None), optim.constant(0.1)), "last_step", -1), "last_step is -1"),
    ],
)
def test_refusals(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_refuses_numbers_for_schedules():
    with pytest.raises(TypeError, match="constant"):
        optim.warmup(0.1, 5)
    with pytest.raises(TypeError, match="constant"):
        optim.Scheduler(optimizer_of(None), 0.1)
    with pytest.raises(TypeError, match="optimizer is a list"):
        optim.Scheduler([], optim.constant(0.1))
    with pytest.raises(TypeError, match="Scheduler"):
        optim.SGD([Tensor([1.0])], lr=optim.constant(0.1))
