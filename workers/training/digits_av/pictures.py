"""The handwritten digits: scikit-learn's 1,797 pictures (UCI Optical Recognition of Handwritten Digits), enlarged."""

import numpy as np
from PIL import Image

SIDE = 28
_BRIGHTEST = 16  # scikit-learn's pixels go from 0 (paper) to 16 (ink)


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """All pictures, uint8 (n, 28, 28), light on dark as in MNIST, and their digits, int64 (n,), in a fixed order."""
    from sklearn.datasets import load_digits  # here: it takes seconds, and the cache mostly makes it needless

    digits = load_digits()
    # The file is sorted by writer: without mixing, a split would separate writers unevenly.
    order = np.random.default_rng(0).permutation(len(digits.target))
    enlarged = np.stack([_enlarged(image) for image in digits.images[order]])
    return enlarged, digits.target[order].astype(np.int64)


def _enlarged(image: np.ndarray) -> np.ndarray:
    grey = Image.fromarray(np.rint(image * 255 / _BRIGHTEST).astype(np.uint8))
    return np.asarray(grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR))
