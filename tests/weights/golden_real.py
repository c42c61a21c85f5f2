"""Writes tests/golden/real: what libraries make of the photographs with their own weights.

    python tests/weights/golden_real.py inputs FOLDER            where minimix is
    python tests/weights/golden_real.py torch FOLDER             torchvision 0.28.0, efficientnet-lite-pytorch 0.1.0
    python tests/weights/golden_real.py tensorflow FOLDER        tensorflow 2.15.1, with Keras 2
    python tests/weights/golden_real.py keras FOLDER             keras 3.15.1, for what Keras 2 cannot read

``inputs`` prepares the photographs as minimix does, so that all see the same numbers.
"""

import importlib
import sys
from pathlib import Path

import numpy as np
import real


def inputs(folder):
    from minimix import models
    from minimix.data.pictures import load_pictures
    from minimix.models.function import family
    from minimix.weights.libraries import by_name

    for name, of in real.WEIGHTS.items():
        net = models.create(of.network)
        size = 160 if name == "dog_breeds" else net.input_size[1]
        how = by_name(of.library).preparations[family(net)]._replace(size=size)
        np.save(folder / (name + ".npy"), np.ascontiguousarray(load_pictures(real.photographs(), how)))
        print(name, how)


def save(name, logits, version):
    real.GOLDEN.mkdir(exist_ok=True)
    np.savez_compressed(real.GOLDEN / (name + ".npz"), logits=np.asarray(logits, np.float32), version=version)
    print(name, logits.shape, logits.argmax(1), np.abs(logits).max())


def torch(folder):
    import torch as library
    import torchvision

    EfficientNet = importlib.import_module("efficientnet_lite_pytorch").EfficientNet

    nets = {
        "mobilenet_v2": torchvision.models.mobilenet_v2(),
        "efficientnet_lite0": EfficientNet.from_name("efficientnet-lite0"),
    }
    versions = {
        "mobilenet_v2": f"torchvision {torchvision.__version__}",
        "efficientnet_lite0": "efficientnet-lite-pytorch 0.1.0",
    }
    for name, net in nets.items():
        net.load_state_dict(library.load(real.weights(name), map_location="cpu", weights_only=True))
        with library.no_grad():
            save(name, net.eval()(library.tensor(np.load(folder / (name + ".npy")))).numpy(), versions[name])


def tensorflow(folder):
    tf = importlib.import_module("tensorflow")

    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(real.weights("mobilenet_v1").read_bytes())
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        tf.import_graph_def(graph, name="")
        placeholder = next(node.name for node in graph.node if node.op == "Placeholder")
        pictures = np.load(folder / "mobilenet_v1.npy").transpose(0, 2, 3, 1)
        rows = [session.run("MobilenetV1/Logits/SpatialSqueeze:0", {placeholder + ":0": one[None]}) for one in pictures]
        save("mobilenet_v1", np.stack([np.ravel(row) for row in rows]), "tensorflow " + tf.__version__)
    keras_model(tf.keras, "emotions", folder)


def keras(folder):
    library = importlib.import_module("keras")

    keras_model(library, "dog_breeds", folder)


def keras_model(library, name, folder):
    net = library.models.load_model(str(real.weights(name)), compile=False)
    last = net.layers[-1]
    if last.__class__.__name__ == "Activation" or name == "dog_breeds":
        last.activation = library.activations.linear
    pictures = np.load(folder / (name + ".npy")).transpose(0, 2, 3, 1)
    logits = net(pictures, training=False)
    logits = logits.detach().numpy() if hasattr(logits, "detach") else np.asarray(logits)
    save(name, logits, "keras " + library.__version__ if hasattr(library, "__version__") else "keras 2")


if __name__ == "__main__":
    globals()[sys.argv[1]](Path(sys.argv[2]))
