"""Images and labels: read, split, preprocessed, downloaded, drawn."""

from mnist_core.data.datasets import Dataset, available, get_own_from, load_dataset, preferred, samples, trouble
from mnist_core.data.digits import ensure_built_in
from mnist_core.data.download import DOWNLOADS, ensure_downloaded
from mnist_core.data.preprocessing import MEAN, STD, affine, preprocess
from mnist_core.data.splits import Part, Parts, analysis_split, split
from mnist_core.image_sets import TITLES

__all__ = [
    "DOWNLOADS",
    "MEAN",
    "STD",
    "TITLES",
    "Dataset",
    "Part",
    "Parts",
    "affine",
    "analysis_split",
    "available",
    "ensure_built_in",
    "ensure_downloaded",
    "get_own_from",
    "load_dataset",
    "preferred",
    "preprocess",
    "samples",
    "split",
    "trouble",
]
