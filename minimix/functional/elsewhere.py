"""What PyTorch's Tensors have and these have not: each with what to write instead."""

_CPU = "everything is computed on the CPU: leave it out"
_COPIES = "operators make new Tensors: x = x * 2, or x *= 2; to change a parameter, do that under no_grad()"
_VALUES = "max() and min() give the values themselves, argmax() their places"

INSTEAD = {
    "add_": _COPIES,
    "amax": "use max(axis=...)",
    "amin": "use min(axis=...)",
    "clone": "use x + 0 for a copy in the graph, Tensor(x.data.copy()) for one outside it",
    "contiguous": "reshape() and view() copy where they must: leave it out",
    "copy_": "use x.data[...] = values",
    "cpu": _CPU,
    "cuda": _CPU,
    "device": _CPU,
    "div_": _COPIES,
    "eq": "use ==",
    "fill_": "use x.data[...] = number",
    "grad_fn": "use node, which is None for leaves",
    "half": "use astype(np.float16)",
    "indices": _VALUES,
    "int": "use astype(np.int32), or int(x) for a single number",
    "long": "use astype(np.int64)",
    "mul_": _COPIES,
    "norm": "use (x * x).sum().sqrt()",
    "square": "use x * x",
    "sub_": _COPIES,
    "t": "use x.T",
    "to": "use astype(dtype); everything is computed on the CPU",
    "topk": "use np.argsort(-x.data, axis=1)[:, :k]",
    "values": _VALUES,
    "zero_": "use x.data[...] = 0, and for gradients zero_grad(), or grad = None",
}
