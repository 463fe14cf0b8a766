"""How our inner loops are compiled, and the small sums that all of them need.

numba is untyped, so its decorator is given a type here, once.
"""

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeAlias, TypeVar, cast

import numpy as np
from numba import config, njit
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float32]
Bytes: TypeAlias = NDArray[np.uint8]
Real: TypeAlias = Any
"""A number in a kernel. Which width it has is numba's to infer; a loop over pixels wants float32 throughout."""

f32 = np.float32
u32 = np.uint32
"""For indices: a signed one costs a test for negative values."""

P = ParamSpec("P")
R = TypeVar("R")


def floats(values: ArrayLike) -> Floats:
    return np.asarray(values, np.float32)


_numba_config: Any = config


def _cache_folder() -> str:
    """Beside the sources or where NUMBA_CACHE_DIR says, under a fingerprint of all kernels.

    numba itself notices only that the file of a kernel has changed, not those of the parts it is made of.
    """
    here = Path(__file__).parent
    sources = [path.read_bytes() for path in sorted(here.glob("*.py"))]
    kernels = b"".join(
        source for source in sources if b"\n@kernel" in source or b"\n@inner" in source
    )
    fingerprint = hashlib.sha256(kernels).hexdigest()[:16]
    return str(Path(_numba_config.CACHE_DIR or here / "__pycache__") / f"kernels-{fingerprint}")


_numba_config.CACHE_DIR = _cache_folder()
_njit: Any = njit


def kernel(function: Callable[P, R]) -> Callable[P, R]:
    """Compile on the first call and remember it on disk; other threads run meanwhile.

    Kernels are single-threaded on purpose: frames are drawn side by side instead, which keeps every frame
    a pure function of its number. numpy's error model spares a test before each division.
    """
    compiled = _njit(cache=True, nogil=True, fastmath=True, error_model="numpy")(function)
    return cast("Callable[P, R]", compiled)


def inner(function: Callable[P, R]) -> Callable[P, R]:
    """Compile as a part of the kernels that call it; Python cannot."""
    compiled = _njit(
        forceinline=True,
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        fastmath=True,
        error_model="numpy",
    )(function)
    return cast("Callable[P, R]", compiled)


@inner
def clamp(value: Real, low: Real, high: Real) -> Real:
    return min(max(value, low), high)


@inner
def unit(value: Real) -> Real:
    """The value, brought between 0 and 1."""
    return clamp(f32(value), f32(0), f32(1))


@inner
def ramp(value: Real, low: Real, high: Real) -> Real:
    """0 below `low`, 1 above `high`, and a soft step between them."""
    share = unit((value - low) / (high - low))
    return share * share * (f32(3) - f32(2) * share)
