"""What learners do wrong when they walk a tape backward."""

from minimix.course.checking.exercise import Mistake
from minimix.course.exercises import rare_walks
from minimix.course.exercises import wrong_walks as walk

TOO_EARLY = "Each number passes on once, but maybe too early: another user of it may come later. In which order must they come?"
NO_ORDER = "That is not an order in which all users of a number come before it. Sort by who was made from whom: see the hint."


MISTAKES = (
    Mistake("marks of an earlier walk stay", "Numbers are marked when the walk meets them, and keep the mark: a later walk "
            "over the same numbers passes them by. Collect what was met in a set that each call makes anew.", walk.marking),
    Mistake("numbers of earlier walks pass on once more", "A list or set of numbers is kept between calls: a later walk over "
            "the same numbers passes on for those of the earlier one as well. Make it inside of the function, not as a "
            "default argument.", walk.keeping),
    Mistake("zero slopes not counted as users", "A slope of 0 is passed over without being counted: a number that waits until "
            "all of its users have passed on waits for ever, and so does all behind it.", walk.waiting_behind_zeros),
    Mistake("a node passes on before all has arrived (depth first)", "The walk follows each edge at once, and a node that is "
            "reached twice passes its first share on twice. When may a node pass its gradient on? Follow b = a + a; c = b + b "
            "by hand.",
            walk.each_way(False)),
    Mistake("the same, the last input first", "The walk follows each edge at once, the last input first, and a node that is "
            "reached twice passes its first share on twice. When may a node pass its gradient on?", walk.each_way(True)),
    Mistake("a node passes on each time it is visited", "Each visit passes on all that the node holds, also what it passed on "
            "before. A node is to pass on once, when all has arrived.", walk.all_then_each_way),
    Mistake("a node passes on each time it is reached (breadth first)", "A node that is reached twice stands in the queue "
            "twice, and passes all of its gradient on both times.", walk.each_time(0)),
    Mistake("a node passes on each time it is reached (depth first)", "A node that is reached twice stands on the stack, or in "
            "a sorted list, twice, and passes all of its gradient on both times.", walk.each_time(-1)),
    Mistake("a node passes on again when more has arrived", "A node that receives more is queued again, and passes on all "
            "that it holds, also what it passed on before.", walk.each_time(0, distinct=True)),
    Mistake("a node passes on when it is first reached", TOO_EARLY, walk.in_order(walk.breadth_first)),
    Mistake("passed on as first reached, the last input first",
            TOO_EARLY, walk.in_order(lambda root: walk.breadth_first(root, 0, True))),
    Mistake("a node passes on as it is taken from a stack", "What was put on the stack last passes on first, once each, but "
            "maybe too early: another user of it may come later.", walk.in_order(lambda root: walk.breadth_first(root, -1))),
    Mistake("taken from a stack, the last input put first", "What was put on the stack last passes on first, once each, but "
            "maybe too early: another user of it may come later.",
            walk.in_order(lambda root: walk.breadth_first(root, -1, True))),
    Mistake("passed on at the first visit (depth first)", TOO_EARLY, walk.in_order(walk.preorder)),
    Mistake("passed on at the first visit, the last input first",
            TOO_EARLY, walk.in_order(lambda root: walk.preorder(root, True))),
    Mistake("a node met again moves to the end, alone", "A node that is met again moves to the end of the list, but what it "
            "was made of stays before it. Append a node only when all of its inputs are in the list.",
            walk.in_order(walk.moved_to_the_end)),
    Mistake("a node met again moves back in the queue", "A node that is met again moves to the end of the queue, but one that "
            "was served already passes on too early. Another user of it may come later.", walk.in_order(walk.moved_in_a_queue)),
    Mistake("the last place in a list of all that is met", "Of each node the last place in the list counts. " + NO_ORDER,
            walk.in_order(walk.met_last)),
    Mistake("sorted by value, the largest first", NO_ORDER, walk.in_order(walk.sorted_by(lambda node: node.value, True))),
    Mistake("sorted by value, the smallest first", NO_ORDER, walk.in_order(walk.sorted_by(lambda node: node.value))),
    Mistake("sorted by size, the largest first", NO_ORDER, walk.in_order(walk.sorted_by(lambda node: abs(node.value), True))),
    *(
        Mistake(f"sorted by {what} ({among})", NO_ORDER, walk.in_order(walk.sorted_by(key, False, base)))
        for what, key in (("the number of inputs", lambda node: -len(node.inputs)), ("steps from a leaf",
        lambda node: -walk.nearest_leaf(node)))
        for among, base in (("among equals as reached", walk.breadth_first), ("among equals depth first",
        walk.preorder), ("among equals rightly", walk.right_order), ("among equals as computed", walk.computed_order))
    ),
    Mistake("users counted once, though they use it twice", "A step that uses a number twice is counted as one user, but "
            "taken off twice, so that the number passes on too early. Count uses, not users.",
            walk.in_order(lambda root: walk.users_counted(root, True, False))),
    Mistake("uses counted, but users taken off", "A step that uses a number twice is counted as two users but taken off once: "
            "the number waits for ever.", walk.in_order(lambda root: walk.users_counted(root, False, True))),
    Mistake("only the root's own inputs", "What they were computed from gets nothing. Either the walk ends after one step, or "
            "the nodes come in the order in which they were computed: then nothing has arrived yet when they pass on.",
            walk.in_order(lambda root: walk.right_order(root)[::-1])),
    Mistake("the walk ends after two steps", "Only the root and its inputs pass on. The walk goes on until the given numbers.",
            walk.limited(2)),
    Mistake("the walk ends after ten steps", "Ways of more than ten steps are left out.", walk.limited(10)),
    Mistake("the walk ends after twenty steps", "Ways of more than twenty steps are left out.", walk.limited(20)),
    Mistake("the walk ends after fifty steps", "Ways of more than fifty steps are left out.", walk.limited(50)),
    Mistake("only the first input gets something", "What lies behind the other inputs gets nothing. Try c = a * b.",
            walk.walked(walk.sharing(walk.right_share, slice(1)))),
    Mistake("only first inputs are followed", "The walk goes from each node to its first input alone: what lies behind the "
            "others gets nothing, or does not pass it on.", walk.first_chain),
    Mistake("only the last input", "A node's first input gets nothing. Try c = a * b.",
            walk.walked(walk.sharing(walk.right_share, slice(-1, None)))),
    Mistake("= instead of +=", "The last user of a node overwrites what the others left. Try b = a + a.",
            walk.walked(walk.sharing(walk.right_share, assign=True))),
    Mistake("= instead of +=, as first reached", "Two things: what arrives overwrites what others left (= instead of +=), and "
            "nodes pass on as they are first reached, maybe too early.",
            walk.in_order(walk.breadth_first, walk.sharing(walk.right_share, assign=True))),
    Mistake("one gradient alone, without a slope", "A node ends with the gradient of one of its users as it is, or with a 1 "
            "that is set anew. Shares add up (+=), each times its slope.",
            walk.walked(walk.sharing(lambda node, other, slope: node.grad, assign=True))),
    Mistake("only one share counts", "Of all shares that arrive at a node one is kept: a node that holds one gets no more, or "
            "a single user of it is remembered. They add up.",
            walk.walked(walk.first_share_only)),
    Mistake("a single user of each node is remembered", "Each node gets the share of one user alone, that which was remembered "
            "last. All users' shares add up.",
            walk.last_user_only),
    Mistake("the largest share counts", "Of all shares the largest is kept. They add up.", walk.walked(walk.largest_share)),
    Mistake("shares averaged", "Shares are divided by the number of uses. They add up.", walk.averaged),
    Mistake("equal inputs counted once", "A node that uses the same input twice passes on a single share. Does a set or a "
            "dict hold the inputs?", walk.walked(walk.distinct(False))),
    Mistake("equal inputs counted once, with the first slope", "A node that uses the same input twice passes on a single "
            "share. Does a set hold the inputs, or does an index find the first one twice?", walk.walked(walk.distinct(True))),
    Mistake("the first slope for equal inputs", "A node that uses the same input twice passes on the first slope both times: "
            "inputs.index(...) finds the first one. Walk inputs and slopes side by side, with zip.",
            walk.walked(walk.with_slopes(lambda node: [node.slopes[node.inputs.index(other)] for other in node.inputs]))),
    Mistake("starts from the root's value", "The walk starts with the root's value. What is the derivative of the root with "
            "respect to itself?", lambda root: walk.in_order(walk.right_order, start=root.value)(root)),
    Mistake("starts from 2", "The root's gradient is 2: 1 is added twice. Its derivative with respect to itself is 1.",
            walk.in_order(walk.right_order, start=2.0)),
    Mistake("starts from -1", "The root's gradient is -1. Its derivative with respect to itself is 1.",
            walk.in_order(walk.right_order, start=-1.0)),
    Mistake("nothing arrives below the root", "Only the root has a gradient. Was it set behind the walk, too late, or is the "
            "slope multiplied by the input's own gradient, which is still 0?", walk.root_last),
    Mistake("the root's own gradient is missing", "All gradients are right but the root's own, which is 0. Its derivative "
            "with respect to itself is 1.", walk.changed(lambda root: setattr(root, "grad", 0.0))),
    Mistake("nothing for a root that was given", "A root without inputs does not get its gradient of 1: a return comes before "
            "it.",
            walk.nothing_for_a_leaf),
    Mistake("only given numbers keep a gradient", "The gradients of numbers between the given ones and the root are 0. All of "
            "them are wanted.", walk.given_only),
    Mistake("gradients cleared when passed on", "A number's gradient is set back to 0 when it has passed it on. All of them "
            "are wanted.",
            walk.cleared),
    Mistake("slopes ignored", "A node's gradient goes to its inputs as it is. The chain rule has another factor.",
            walk.walked(walk.with_slopes(lambda node: [1.0] * len(node.inputs)))),
    Mistake("gradient ignored", "Each input gets the slope alone. The chain rule has another factor: what arrived at the node "
            "itself.",
            walk.walked(walk.sharing(lambda node, other, slope: slope))),
    Mistake("the node's value instead of its gradient", "The slope is multiplied by the node's value. The chain rule "
            "multiplies it by the node's gradient.", walk.walked(walk.sharing(lambda node, other, slope: slope * node.value))),
    Mistake("slope and gradient added", "Slope and gradient are added. The chain rule multiplies them.",
            walk.walked(walk.sharing(lambda node, other, slope: slope + node.grad))),
    Mistake("divided by the slope", "The gradient is divided by the slope. The chain rule multiplies them.",
            walk.walked(walk.sharing(lambda node, other, slope: node.grad / slope))),
    Mistake("signs of slopes lost", "The slopes' absolute values are used. Try c = a - b.",
            walk.walked(walk.sharing(lambda node, other, slope: abs(slope) * node.grad))),
    Mistake("signs of slopes exchanged", "What is passed on has the wrong sign.",
            walk.walked(walk.sharing(lambda node, other, slope: -slope * node.grad))),
    Mistake("only signs of slopes", "Of each slope only the sign is used.",
            walk.walked(walk.sharing(lambda node, other, slope: (slope > 0) * node.grad - (slope < 0) * node.grad))),
    Mistake("slopes rounded to whole numbers", "The slopes are cut to whole numbers.",
            walk.walked(walk.sharing(lambda node, other, slope: int(slope) * node.grad))),
    Mistake("slopes exchanged", "The slope of the first input goes to the second one and the other way round. Try c = a * b.",
            walk.walked(walk.with_slopes(lambda node: node.slopes[::-1]))),
    Mistake("one slope for all inputs", "All inputs get the slope of the first one. Try c = a - b.",
            walk.walked(walk.with_slopes(lambda node: node.slopes[:1] * len(node.inputs)))),
    Mistake("the last slope for all inputs", "All inputs get the slope of the last one. Try c = a - b.",
            walk.walked(walk.with_slopes(lambda node: node.slopes[-1:] * len(node.inputs)))),
    Mistake("the sum of the slopes for all inputs", "All inputs get the sum of the slopes. Each has its own.",
            walk.walked(walk.with_slopes(lambda node: [sum(node.slopes)] * len(node.inputs)))),
    Mistake("values instead of slopes", "The gradient is multiplied by the input's value. What does the tape keep for each "
            "input, beside the input itself?",
            walk.walked(walk.with_slopes(lambda node: [other.value for other in node.inputs]))),
    Mistake("nothing through steps with one input", "Only steps with two inputs pass on. A square has one.",
            walk.walked(walk.only_steps_with(2))),
    Mistake("nothing through steps with two inputs", "Only steps with one input pass on.",
            walk.walked(walk.only_steps_with(1))),
    Mistake("= instead of +=, slopes exchanged", "Two things: what arrives overwrites what others left (= instead of +=), and "
            "the slope of the first input goes to the second one and the other way round.",
            rare_walks.exchanged_and_overwritten),
    Mistake("= instead of += where the slope is 1", "Where the slope is 1 the gradient is handed on as it is, and overwrites "
            "what others left. Shares add up, whatever their slope is.", walk.walked(rare_walks.sharing_ones_by_overwriting)),
    Mistake("a gradient of 0 ends the walk", "A number whose gradient is 0 ends the walk: break where it should be continue. "
            "Those behind it in the order have not passed on yet.", rare_walks.until_a_zero),
    Mistake("sorted by steps from the root, as first met", "Numbers are sorted by their distance from the root along the way "
            "on which the recursion met them first. Another way may be longer, and a user on it comes later.",
            walk.in_order(rare_walks.depth_at_first_sight)),
    *(
        Mistake(f"gradients limited to {limit}", f"Gradients are cut to {-limit} ... {limit} before they are passed on. Nobody "
                "asked for that: larger ones are right, too.", walk.walked(rare_walks.limiting(limit)))
        for limit in (1, 5, 10, 100)
    ),
    Mistake("passed on twice", "Each node passes its gradient on twice: one call too many?", walk.walked(walk.twice)),
    Mistake("all gradients twice as large", "All gradients but the root's are twice too large: the walk runs twice, starts "
            "from 2, or meets the root twice.",
            walk.changed(lambda root: [setattr(n, "grad", 2 * n.grad) for n in walk.right_order(root)[1:]])),
)  # fmt: skip
