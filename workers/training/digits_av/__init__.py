"""The demo's model "digits seen and heard": a handwritten digit and the same digit spoken, answered by one small model.

Read in this order: speech -> utterances, pictures -> corpus (a part of the data, cached) -> pairs -> dataset
-> train -> evaluate -> reference -> flavours -> package -> job.
`artifact/digits_av.py` is the model's own code; it is copied into the artifact and imports nothing from this package.
"Talking digits" is the same model asked with a video: clips, evaluate_clips, `artifact/talking_digits.py`.
The data modules do not import torch, so a load driver can send held-out samples without paying for it.
"""

from workers.training.digits_av.held_out import HeldOutSample, held_out

__all__ = ["HeldOutSample", "held_out"]
