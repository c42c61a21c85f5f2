"""The package's metadata. Each dependency is here for a reason; nothing that minimix exists for comes from any of them."""

import re
import shutil
from pathlib import Path

from setuptools import find_packages, setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent


class Build(build_py):
    """Puts the course into wheels, for `minimix notebooks` where there is no repository, and the results of large studies.

    Not by ``package_dir``: then an installation with -e would be an import hook, which editors and type checkers do not follow.
    """

    def run(self):
        if not self.editable_mode:
            shutil.rmtree(Path(self.build_lib) / "minimix", ignore_errors=True)  # modules that have gone since an earlier build
        super().run()
        for source, target in self._added().items():
            self.mkpath(str(Path(target).parent))
            self.copy_file(source, target, preserve_mode=False)

    def _added(self):
        if self.editable_mode:
            return {}
        folder = Path(self.build_lib) / "minimix"
        notebooks = {path: folder / "notebooks" / path.name for path in HERE.glob("notebooks/*.ipynb")}
        kept = [*HERE.glob("docs/studies/*/study.json"), *HERE.glob("docs/studies/*/results.csv")]
        studies = {path: folder / "studies" / path.parent.name / path.name for path in kept}
        return {str(source): str(target) for source, target in (notebooks | studies).items()}

    def get_outputs(self, include_bytecode=True):
        return [*super().get_outputs(include_bytecode), *self._added().values()]


def for_package_index(readme: str) -> str:
    """README without what only the repository can show: its pictures, and links to its files."""
    readme = re.sub(r"!\[[^\]]*\]\((?!https?:)[^)]*\)|<img (?![^>]*src=\"https?:)[^>]*>|<!--.*?-->", "", readme, flags=re.S)
    return re.sub(r"\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", readme)


setup(
    name="minimix",
    version=re.search(r'^__version__ = "(.+)"', (HERE / "minimix" / "__init__.py").read_text(encoding="utf-8"), re.M)[1],
    description="Mixed depthwise convolutions, shown, computed and trained with NumPy and Numba",
    long_description=for_package_index((HERE / "README.md").read_text(encoding="utf-8")),
    long_description_content_type="text/markdown",
    license="MIT",
    license_files=["LICENSE"],
    python_requires=">=3.10",
    packages=find_packages(include=["minimix", "minimix.*"]),
    package_dir={"": "."},  # says that the packages lie here, so that -e is no more than this folder on Python's path
    package_data={"minimix": ["py.typed", "*.pyi"]},  # for type checkers
    cmdclass={"build_py": Build},
    install_requires=[
        "numpy>=2.0",  # arrays; from 2.0 on, a result's dtype depends on the dtypes that go in, not on the values
        "numba>=0.61",  # compiles the loops in minimix/kernels; the first with Python 3.10 to 3.13 (0.63 for 3.14: pip knows)
        "safetensors>=0.4.1",  # weights and checkpoints: nothing in them can run code, and PyTorch reads them
        "pooch>=1.7",  # downloads of data, with checksums, into the user's cache folder
        "platformdirs>=4.0",  # where that folder is on each system; pooch's own, and for compiled kernels
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
            "h5py>=3.10",  # Keras' files in it
            "mypy>=1.16",  # whether type checkers understand what users write
        ],
        "bench": ["torch>=2.4", "timm>=1.0"],  # only as peers: benchmarks and some tests hold minimix against them
        "hub": ["huggingface_hub>=0.23"],  # the hub's client: fetches published weights, models.create(name, pretrained=True)
        "keras": ["h5py>=3.10"],  # reads Keras' .h5 and .keras
        "onnx": ["onnx>=1.16"],  # writes networks for other programs: mm.export_onnx, minimix export
        "distributed": ["distributed>=2024.5"],  # Dask: a study's jobs on other machines
        "docs": [  # the API pages: python docs/build.py
            "sphinx>=8.1",  # builds them from the docstrings
            "myst-nb>=1.2",  # the notebooks in them, with their stored outputs
            "furo>=2024.8",  # how they look
            "latex2mathml>=3.80",  # formulas that browsers show without a script; older ones refuse three primes
        ],
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
