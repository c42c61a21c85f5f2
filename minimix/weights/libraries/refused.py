"""Networks that are called MixNet, and are others: their files are refused, with the reason."""

from minimix.weights.libraries.library import Library


def _refused(name: str, version: str, marks: tuple[str, ...], why: str) -> Library:
    text = f"Its MixNet is another network, {why}: its weights fit none here"
    return Library(name=name, version=version, source="its code", marks=marks, refusal=text)


LIBRARIES = (
    _refused(
        "zsef123",
        "github.com/zsef123/MixNet-PyTorch",
        (r"^stem\.0\.weight$", r"^blocks\.0\.layers\.0\.layers\.0\."),
        "with 8,165,884 parameters where MixNet-S has 4,134,606: its 1x1 convolutions are not grouped, and it squeezes to a "
        "fraction of the expanded channels",
    ),
    _refused(
        "romulus0914-ungrouped",
        "github.com/romulus0914/MixNet-PyTorch, before its 1x1 convolutions were grouped",
        (r"^stem_conv\.0\.weight$", r"^layers\.0\.(dw|pw_projection)\.0\."),
        "whose 1x1 convolutions are not grouped, and which squeezes to a fraction of the expanded channels",
    ),
    _refused(
        "haithanhp",
        "github.com/haithanhp/mixconv_pytorch",
        (r"^_mix_blocks\.0\._depthwise_conv\.", r"^_conv_stem\._convs\.0\."),
        "with no bias in squeeze-and-excite and no activation behind the stem and the head",
    ),
    _refused(
        "leaderj1001",
        "github.com/leaderj1001/Mixed-Depthwise-Convolutional-Kernels",
        (r"^conv\.0\.weight$", r"^layers\.0\.mdconv\.0\."),
        "with biases in all convolutions, batch norms in squeeze-and-excite, and the channels' remainder in the last group",
    ),
)
