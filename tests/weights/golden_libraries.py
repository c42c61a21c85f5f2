"""Writes tests/golden/libraries: what other libraries call their weights, and their logits. Run where they are installed.

    python tests/weights/golden_libraries.py torchvision pytorchcv ...

For each network: the names and shapes of its arrays, in its order, and the logits for one picture, both of which come from
``drawn.py``; in float64 where the library has it, so that rounding hides nothing. Versions: see ``minimix/weights/libraries``.
Python 3.7 is enough: some have no other.
"""

import gzip
import importlib
import json
import sys
from pathlib import Path

import numpy as np
from drawn import draw, picture

FOLDER = Path(__file__).resolve().parents[1] / "golden" / "libraries"
CLASSES = 10


library_of = importlib.import_module  # none of them is needed by any test


def write(library, version, network, ours, entries, logits, size=224, options=None):
    """entries: [(name, shape)]. ours: the name of the network here."""
    facts = {
        "library": library, "version": version, "network": network, "ours": ours, "options": options or {}, "size": size,
        "entries": [[name, list(map(int, shape))] for name, shape in entries],
        "logits": [float(f"{value:.12g}") for value in np.ravel(logits)],
    }  # fmt: skip
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{library}-{network}.json.gz"
    with open(str(path), "wb") as raw, gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as file:
        file.write(json.dumps(facts, separators=(",", ":")).encode())
    print(path.name, len(entries), np.abs(logits).max())


def of_torch(library, version, network, ours, model, size=224, rename=None):
    import torch

    torch.set_num_threads(1)
    state = {}
    for name, tensor in model.state_dict().items():
        name = rename(name) if rename else name
        state[name] = torch.zeros_like(tensor) if "num_batches" in name else torch.tensor(draw(name, tuple(tensor.shape)))
    model.load_state_dict({name: state[rename(name) if rename else name] for name in model.state_dict()})
    with torch.no_grad():
        logits = model.double().eval()(torch.tensor(picture(size)).double()).numpy()
    entries = [(name, tensor.shape) for name, tensor in state.items() if not (rename and "num_batches" in name)]
    write(library, version, network, ours, entries, logits, size)


def torchvision():
    from torchvision import __version__
    from torchvision.models import mobilenet_v2

    of_torch("torchvision", __version__, "mobilenet_v2", "mobilenetv2_100", mobilenet_v2(num_classes=CLASSES))
    half = mobilenet_v2(num_classes=CLASSES, width_mult=0.5)
    of_torch("torchvision", __version__, "mobilenet_v2_half", "mobilenetv2_050", half)


def pytorchcv():
    get_model = library_of("pytorchcv.model_provider").get_model

    for name, ours, size in (
        ("mixnet_s", "mixnet_s", 224), ("mixnet_m", "mixnet_m", 224), ("mixnet_l", "mixnet_l", 224),
        ("mobilenet_w1", "mobilenetv1_100", 224), ("mobilenet_wd4", "mobilenetv1_025", 224),
        ("mobilenetv2b_w1", "mobilenetv2_100", 224), ("mobilenetv2_w1", "mobilenetv2_100", 224),
        ("xception", "legacy_xception", 299),
    ):  # fmt: skip
        of_torch("pytorchcv", "0.0.74", name, ours, get_model(name, num_classes=CLASSES), size)


def geffnet():
    library = library_of("geffnet")

    for name, size in (("mixnet_s", 64), ("tf_mixnet_m", 65), ("mobilenetv2_100", 64), ("tf_efficientnet_lite0", 65)):
        of_torch("geffnet", "1.0.2", name, name, library.create_model(name, num_classes=CLASSES), size)


def efficientnet_pytorch():
    """Named efficientnet-lite-pytorch: the Lites alone are here."""
    EfficientNet = library_of("efficientnet_lite_pytorch").EfficientNet

    for i in (0, 2):
        model = EfficientNet.from_name(f"efficientnet-lite{i}", num_classes=CLASSES)
        size = 224 if i == 0 else 260
        of_torch("efficientnet-pytorch", "0.1.0", f"lite{i}", f"tf_efficientnet_lite{i}", model, size)


def efficientnet_jax():
    """timm's networks under the names that its export_pytorch.py gives them."""
    import timm

    for name in ("mixnet_s", "tf_mixnet_m", "mobilenetv2_100"):
        model = timm.create_model(name, pretrained=False, num_classes=CLASSES)
        kinds = {path: type(module).__name__ for path, module in model.named_modules()}

        def rename(key, kinds=kinds):
            _owner, layer, last = ["", *key.split(".")][-3], key.split(".")[-2], key.split(".")[-1]
            place = key.split(".")[:-2]
            part = ""
            if layer.isdecimal():  # of a mixed convolution
                part, layer, place = "." + layer, place[-1], place[:-1]
            kind = kinds[".".join(place)]
            table = {
                "InvertedResidual": {"conv_pw": "conv_exp", "bn1": "bn_exp", "bn2": "bn_dw", "bn3": "bn_pwl"},
                "DepthwiseSeparableConv": {"bn1": "bn_dw", "bn2": "bn_pw"},
                "SqueezeExcite": {"conv_reduce": "reduce", "conv_expand": "expand"},
                "EfficientNet": {
                    "conv_stem": "stem.conv", "bn1": "stem.bn", "conv_head": "head.conv_pw", "bn2": "head.bn",
                    "classifier": "head.classifier",
                },
            }.get(kind, {})  # fmt: skip
            return ".".join([*place, table.get(layer, layer) + part, last])

        of_torch("efficientnet-jax", f"ec2cc94, timm {timm.__version__}", name, name, model, 64, rename)


def gluoncv2():
    mx = library_of("mxnet")
    get_model = library_of("gluoncv2.model_provider").get_model

    for name, ours, size in (
        ("mixnet_s", "mixnet_s", 224), ("mixnet_m", "mixnet_m", 224), ("mobilenet_w1", "mobilenetv1_100", 224),
        ("mobilenetv2b_w1", "mobilenetv2_100", 224), ("xception", "legacy_xception", 299),
    ):  # fmt: skip
        net = get_model(name, pretrained=False, classes=CLASSES)
        net.initialize()
        net.cast("float64")
        net(mx.nd.zeros((1, 3, size, size), dtype="float64"))
        entries = []
        for key, parameter in net._collect_params_with_prefix().items():
            parameter.set_data(mx.nd.array(draw(key, parameter.shape), dtype="float64"))
            entries.append((key, parameter.shape))
        logits = net(mx.nd.array(picture(size), dtype="float64")).asnumpy()
        write("gluoncv2", f"0.0.64, mxnet {mx.__version__}", name, ours, entries, logits, size)


def tf2cv():
    h5py = library_of("h5py")
    tf = library_of("tensorflow")
    get_model = library_of("tf2cv.model_provider").get_model

    tf.keras.backend.set_floatx("float64")
    for name, ours in (("mixnet_s", "mixnet_s"), ("mixnet_m", "mixnet_m"), ("mobilenet_w1", "mobilenetv1_100")):
        net = get_model(name, pretrained=False, classes=CLASSES)
        net(tf.zeros((1, 224, 224, 3), tf.float64))
        entries = h5_entries(h5py, net)
        logits = net(picture(224).transpose(0, 2, 3, 1).astype("float64"), training=False).numpy()
        write("tf2cv", f"0.0.18, tensorflow {tf.__version__}", name, ours, entries, logits)


def h5_entries(h5py, net, ending=".h5", save=None):
    """Save, draw each array of the file, load it again; [(name, shape)] in the file's order."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / ("net" + ending))
        (save or net.save_weights)(path)
        with h5py.File(path, "r+") as file:
            root = file["model_weights"] if "model_weights" in file else file
            found = []
            root.visititems(lambda name, thing: found.append((name, thing)) if hasattr(thing, "shape") else None)
            found = [(name, thing) for name, thing in found if not name.startswith("optimizer")]
            for name, thing in found:
                thing[...] = draw(_named(name), thing.shape, transposed=True)
            entries = [(name, thing.shape) for name, thing in found]
        net.load_weights(path)
    return entries


def _named(name):
    """Numbered arrays are drawn as what they are."""
    *place, last = name.split("/")
    if not last.isdecimal():
        return name
    norm = "batch_normalization" in name
    return "/".join(
        [*place, ("gamma", "beta", "moving_mean", "moving_variance")[int(last)] if norm else ("kernel", "bias")[int(last)]]
    )


def keras():
    """Keras 3 or 2, whichever is installed."""
    h5py = library_of("h5py")
    library = library_of("keras")

    library.backend.set_floatx("float64")
    version = library.__version__
    three = version.startswith("3")
    for name, ours, size in (
        ("MobileNet", "mobilenetv1_100", 160),
        ("MobileNetV2", "mobilenetv2_100", 160),
        ("Xception", "xception", 128),
    ):
        for ending in (".weights.h5", ".h5") if three else (".h5",):
            library.backend.clear_session() if not three else library.utils.clear_session()
            make = getattr(library.applications, name)
            net = make(weights=None, classes=CLASSES, classifier_activation=None, input_shape=(size, size, 3))
            whole = three and ending == ".h5"
            entries = h5_entries(h5py, net, ending, net.save if whole else None)
            logits = net(picture(size).transpose(0, 2, 3, 1).astype("float64"), training=False)
            logits = logits.detach().numpy() if hasattr(logits, "detach") else np.asarray(logits)
            kind = "keras-numbered" if ending == ".weights.h5" else "keras"
            write(kind, "keras " + version, name + ("3" if three else "2"), ours, entries, logits, size)


def keras_mixnets():
    """Python 3.7: tensorflow 1.15.5, keras 2.2.5."""
    h5py = library_of("h5py")
    library = library_of("keras")
    zoo = library_of("keras_mixnets")

    for name, ours in (("MixNetSmall", "tf_mixnet_s"), ("MixNetMedium", "tf_mixnet_m")):
        net = getattr(zoo, name)(input_shape=(224, 224, 3), weights=None, classes=CLASSES)
        entries = h5_entries(h5py, net)
        logits = np.log(
            net.predict(picture(224).transpose(0, 2, 3, 1))
        )  # it ends in softmax: the sum of the exponentials is lost
        write(
            "keras-numbered",
            "keras-mixnets 0.1.0, keras " + library.__version__,
            name,
            ours,
            entries,
            logits,
            224,
            {"softmax": 1},
        )


def mindcv():
    ms = library_of("mindspore")
    create_model = library_of("mindcv.models").create_model

    for name, ours, size in (
        ("mixnet_s", "mixnet_s", 64), ("mixnet_l", "mixnet_l", 64), ("mobilenet_v1_100", "mobilenetv1_100", 64),
        ("mobilenet_v2_075", "mobilenetv2_075", 64), ("xception", "xception", 128),
    ):  # fmt: skip
        net = create_model(name, num_classes=CLASSES)
        entries = []
        for parameter in net.get_parameters():
            parameter.set_data(ms.Tensor(draw(parameter.name, parameter.shape)))
            entries.append((parameter.name, parameter.shape))
        logits = net.set_train(False)(ms.Tensor(picture(size))).asnumpy()
        write("mindcv", f"0.3.0, mindspore {ms.__version__}", name, ours, entries, logits, size)


if __name__ == "__main__":
    for one in sys.argv[1:]:
        globals()[one.replace("-", "_")]()
