"""What the official CIFAR files are called, and how to know that they are the official ones.

Krizhevsky 2009, "Learning Multiple Layers of Features from Tiny Images"; https://www.cs.toronto.edu/~kriz/cifar.html
"""

import dataclasses

PIXELS = 3 * 32 * 32  # of an image: red plane, green plane, blue plane, each row by row
RECORDS = {"train": 50_000, "test": 10_000}


@dataclasses.dataclass(frozen=True)
class Layout:
    """One of the forms that a set comes in.

    name:   "cifar10" or "cifar100".
    folder: what the archive calls the folder.
    binary: records of label bytes and pixels; otherwise pickled dicts.
    files:  for each split, {file: digest of its records, or where ``digest_of_file`` of the file itself}.
    names:  files with the class names, fine before coarse.
    keys:   of the labels in the pickled dicts, coarse before fine as in a binary record.
    """

    name: str
    folder: str
    binary: bool
    files: dict
    names: tuple
    keys: tuple
    digest_of_file: bool = False

    @property
    def label_bytes(self) -> int:
        """Labels before the pixels of a binary record: CIFAR-100 has a coarse and a fine one."""
        return len(self.keys)

    def records(self, split: str) -> int:
        """How many each official file of a split holds."""
        return RECORDS[split] // len(self.files[split])


_CIFAR10 = {  # SHA-256 of the 10 000 records: label byte, then pixels. The same for both forms.
    "data_batch_1": "cee916563c9f80d84e3cc88e17fdc0941787f1244f00a67874d45b261883ada5",
    "data_batch_2": "a591ca11fa1708a91ee40f54b3da4784ccd871ecf2137de63f51ada8b3fa57ed",
    "data_batch_3": "bbe8596564c0f86427f876058170b84dac6670ddf06d79402899d93ceea26f67",
    "data_batch_4": "014e562d6e23c72197cc727519169a60359f5eccd8945ad5a09d710285ff4e48",
    "data_batch_5": "755304fc0b379caeae8c14f0dac912fbc7d6cd469eb67a1029a08a39453a9add",
    "test_batch": "8e2eb146ae340b09e24670f29cabc6326dba54da8789dab6768acf480273f65b",
}


def _cifar10_files(suffix: str) -> dict:
    names = [name + suffix for name in _CIFAR10]
    digests = dict(zip(names, _CIFAR10.values(), strict=True))
    return {"train": {name: digests[name] for name in names[:5]}, "test": {names[5]: digests[names[5]]}}


LAYOUTS = (
    Layout("cifar10", "cifar-10-batches-bin", True, _cifar10_files(".bin"), ("batches.meta.txt",), ("labels",)),
    Layout("cifar10", "cifar-10-batches-py", False, _cifar10_files(""), ("batches.meta",), ("labels",)),
    Layout(
        "cifar100",
        "cifar-100-binary",
        True,
        {"train": {"train.bin": "6172c7755cfe09b2fe270c85cebc1b15"}, "test": {"test.bin": "4499cfba6c016c1be1438163640a0898"}},
        ("fine_label_names.txt", "coarse_label_names.txt"),
        ("coarse_labels", "fine_labels"),
    ),
    Layout(
        "cifar100",
        "cifar-100-python",
        False,
        {"train": {"train": "16019d7e3df5f24257cddd939b257f8d"}, "test": {"test": "f0ef6b0ae62326f3e7ffdfab6717acfc"}},
        ("meta",),
        ("coarse_labels", "fine_labels"),
        digest_of_file=True,
    ),
)

STATISTICS = {  # of the training images' channels: the figures that everybody normalises with
    "cifar10": ((0.4914, 0.4822, 0.4465), (0.2470, 0.2435, 0.2616)),
    "cifar100": ((0.5071, 0.4865, 0.4409), (0.2673, 0.2564, 0.2762)),
}

CIFAR10_CLASSES = tuple("airplane automobile bird cat deer dog frog horse ship truck".split())
CIFAR100_CLASSES = tuple(
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can "
    "castle caterpillar cattle chair chimpanzee clock cloud cockroach couch crab crocodile cup dinosaur dolphin "
    "elephant flatfish forest fox girl hamster house kangaroo keyboard lamp lawn_mower leopard lion lizard lobster "
    "man maple_tree motorcycle mountain mouse mushroom oak_tree orange orchid otter palm_tree pear pickup_truck "
    "pine_tree plain plate poppy porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk "
    "skyscraper snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television tiger "
    "tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm".split()
)
CIFAR100_COARSE_CLASSES = tuple(
    "aquatic_mammals fish flowers food_containers fruit_and_vegetables household_electrical_devices "
    "household_furniture insects large_carnivores large_man-made_outdoor_things large_natural_outdoor_scenes "
    "large_omnivores_and_herbivores medium_mammals non-insect_invertebrates people reptiles small_mammals trees "
    "vehicles_1 vehicles_2".split()
)
CLASSES = {"cifar10": (CIFAR10_CLASSES,), "cifar100": (CIFAR100_CLASSES, CIFAR100_COARSE_CLASSES)}  # fine before coarse
TITLES = {"cifar10": "CIFAR-10", "cifar100": "CIFAR-100"}


@dataclasses.dataclass(frozen=True)
class Archive:
    """An official archive: where it is, and its published MD5."""

    url: str
    md5: str
    megabytes: int


ARCHIVES = {
    "cifar10": Archive("https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz", "c32a1d4ab5d03f1284b67883e8d87530", 162),
    "cifar100": Archive("https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz", "03b5dce01913d631647c71ecec9e9cb8", 161),
}
