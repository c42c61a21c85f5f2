"""The package's metadata. Each dependency is here for a reason; nothing that minimix exists for comes from any of them."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent

setup(
    name="minimix",
    version=re.search(r'^__version__ = "(.+)"', (HERE / "minimix" / "__init__.py").read_text(encoding="utf-8"), re.M)[1],
    description="Mixed depthwise convolutions, shown, computed and trained with NumPy and Numba",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=[*find_packages(include=["minimix", "minimix.*"]), "minimix.notebooks"],
    package_dir={"minimix.notebooks": "notebooks"},  # the course, for `minimix notebooks` where there is no repository
    package_data={"minimix.notebooks": ["*.ipynb"]},
    install_requires=[
        "numpy>=2.0",  # arrays; from 2.0 on, a result's dtype depends on the dtypes that go in, not on the values
        "numba>=0.61",  # compiles the loops in minimix/kernels; the first with Python 3.10 to 3.13 (0.63 for 3.14: pip knows)
        "safetensors>=0.4",  # weights and checkpoints: nothing in them can run code, and PyTorch reads them
        "pooch>=1.7",  # downloads of data, with checksums, into the user's cache folder
        "requests>=2.28",  # what pooch downloads with; named here because its errors are caught
        "typer>=0.26",  # the command line; the first that brings its own click, of which newer ones warn
        "rich>=13.8",  # progress and tables in terminals and notebooks; typer brings it, but it is used directly
        "matplotlib>=3.10.7",  # curves, confusion matrices, sheets of images; older ones warn with the pyparsing of today
        "threadpoolctl>=3.1",  # keeps the BLAS behind NumPy from taking the cores of minimix's own threads
        "pillow>=11.0",  # reads pictures; 10.0 turns some wrongly without a word (TIFFs that lie on their side)
    ],
    extras_require={
        "test": [
            "pytest>=8.0",  # the suite
            "hypothesis>=6.100",  # generated shapes and arguments in it
            "nbclient>=0.10",  # runs the notebooks, with the next three
            "nbformat>=5.10",
            "jupyter_client>=8.6",
            "ipykernel>=6.29",
            "ipywidgets>=8.0",  # the sliders in them
        ],
        "bench": ["torch>=2.4", "timm>=1.0"],  # only as peers: benchmarks and some tests hold minimix against them
        "hub": ["huggingface_hub>=0.23"],  # the hub's client: fetches published weights, models.create(name, pretrained=True)
        "browser": ["selenium>=4.20"],  # drives Chromium through the course: tests/browser
        "notebooks": ["jupyterlab>=4.0", "ipywidgets>=8.0"],  # to open notebooks/, and progress bars in them
    },
    entry_points={"console_scripts": ["minimix = minimix.cli:main"]},
    classifiers=[
        "Intended Audience :: Education",
        "Intended Audience :: Science/Research",
        "Operating System :: OS Independent",
        "Programming Language :: Python :: 3 :: Only",
        "Topic :: Scientific/Engineering :: Artificial Intelligence",
    ],
)
