# Types of the parts of hibari.dsp that speechzip uses.
import numpy as np
import numpy.typing as npt

def synth(
    lh: npt.NDArray[np.float32],
    th: npt.NDArray[np.float32],
    ln: npt.NDArray[np.float32],
    lr: npt.NDArray[np.float32],
    phi: npt.NDArray[np.float32],
    f0: npt.NDArray[np.float32],
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]: ...
