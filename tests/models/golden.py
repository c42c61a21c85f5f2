"""The files in tests/golden, and the weights and pictures behind them, which are drawn from a seed."""

import gzip
import json
import zlib
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).parents[1] / "golden"
TRAINED = ("mixnet_s", "tf_mixnet_s", "mobilenetv1_100", "mobilenetv2_100")
NETWORKS = (*TRAINED, "mixnet_m", "tf_mixnet_l", "legacy_xception")


def load(name: str) -> dict:
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as file:
        return {key: file[key] if file[key].ndim else file[key].item() for key in file.files}


def timm_keys() -> dict[str, dict[str, tuple]]:
    """{network: {name in the state dict: shape}}."""
    with gzip.open(FOLDER / "timm_keys.json.gz", "rt", encoding="utf-8") as file:
        return {name: {key: tuple(shape) for key, shape in keys.items()} for name, keys in json.load(file).items()}


def draw(key: str, shape: tuple, seed: int) -> np.ndarray:
    """The array called ``key`` in a state dict, float32. The order of the draws matters."""
    random = np.random.default_rng([seed, zlib.crc32(key.encode())])
    normal = random.standard_normal(shape)
    last = key.rpartition(".")[2]
    if last in ("running_mean", "bias"):
        array = 0.1 * normal
    elif last == "running_var" or len(shape) == 1:  # also the scale of a batch norm
        array = 0.5 + random.random(shape)
    else:
        fan_in = np.prod(shape[1:])
        array = normal / np.sqrt(fan_in) if len(shape) == 2 else normal * np.sqrt(1.0 / fan_in)
    return array.astype(np.float32)


def state(model, seed: int) -> dict[str, np.ndarray]:
    """Drawn weights and statistics for all of ``model``; without the batches' count, which no file needs."""
    return {
        key: draw(key, array.shape, seed)
        for key, array in model.state_dict().items()
        if not key.endswith("num_batches_tracked")
    }


def pictures(images: int, pixels: int, seed: int) -> np.ndarray:
    """(images, 3, pixels, pixels), float32."""
    return np.random.default_rng([seed, 7]).standard_normal((images, 3, pixels, pixels)).astype(np.float32)


def _write_timm_keys() -> None:
    import timm

    from minimix import models

    both = sorted(set(models.names()) & set(timm.list_models()))
    keys = {}
    for name in both:
        keys[name] = {key: tuple(array.shape) for key, array in timm.create_model(name, pretrained=False).state_dict().items()}
    with open(FOLDER / "timm_keys.json.gz", "wb") as file:
        file.write(gzip.compress(json.dumps(keys, separators=(",", ":")).encode(), mtime=0))


if __name__ == "__main__":
    _write_timm_keys()
