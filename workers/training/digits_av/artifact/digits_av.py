"""Digits seen and heard: one small model that reads a handwritten digit, hears a spoken one, or both.

Two towers from transformers meet in a small head: a ViT over the picture, an Audio Spectrogram Transformer over the
sound. A learned vector stands in for a modality that is absent. `DigitsHandler` is what a serving process loads.
Needs torch, transformers, safetensors and numpy, nothing else.
"""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save
from torch import nn
from torch.nn import functional
from transformers import ASTConfig, ASTModel, PreTrainedConfig, PreTrainedModel, ViTConfig, ViTModel
from transformers.audio_utils import mel_filter_bank
from transformers.modeling_outputs import SequenceClassifierOutput

SAMPLE_RATE = 8000  # the sound the model takes, in samples a second
SIDE = 28  # the picture the model sees, in pixels
FRAMES, MELS = 64, 32  # the spectrogram the model sees: one second in 64 steps, 60 Hz to 4 kHz in 32 bands
_HOP, _WINDOW = 125, 256  # samples between two frames, and under one


class DigitsAVConfig(PreTrainedConfig):
    """Sizes of the model. Both towers have the same."""

    model_type = "digits_av"

    hidden_size: int = 64
    num_hidden_layers: int = 2
    num_attention_heads: int = 4
    picture_patch: int = 7
    sound_patch: int = 8
    initializer_range: float = 0.1  # transformers' 0.02 suits ten times the width; here it doubles the steps to learn

    def __post_init__(self, **kwargs: Any) -> None:
        super().__post_init__(**{"num_labels": 10, **kwargs})


class DigitsAV(PreTrainedModel):
    """Scores of the ten digits from a picture, a sound or both."""

    config_class = DigitsAVConfig

    def __init__(self, config: DigitsAVConfig) -> None:
        super().__init__(config)
        size = config.hidden_size
        self.vit = ViTModel(_picture_tower(config), add_pooling_layer=False)
        self.ast = ASTModel(_sound_tower(config))
        self.no_picture = nn.Parameter(torch.zeros(size))
        self.no_sound = nn.Parameter(torch.zeros(size))
        self.head = nn.Sequential(
            nn.LayerNorm(2 * size), nn.Linear(2 * size, size), nn.GELU(), nn.Linear(size, config.num_labels)
        )
        self.post_init()

    def forward(
        self,
        pixel_values: torch.Tensor | None = None,
        input_values: torch.Tensor | None = None,
        has_picture: torch.Tensor | None = None,
        has_sound: torch.Tensor | None = None,
        labels: torch.Tensor | None = None,
    ) -> SequenceClassifierOutput:
        """Logits (n, 10) of pictures (n, 1, 28, 28) and spectrograms (n, 64, 32).

        A modality that no sample has is None. Where only some samples have it, the bool mask (n,) says which; the other
        rows may hold anything. Without a mask every row counts.
        """
        given = pixel_values if pixel_values is not None else input_values
        if given is None:
            raise ValueError("DigitsAV needs pixel_values, input_values or both.")
        picture = _embedded(self.vit, pixel_values, has_picture, self.no_picture.expand(len(given), -1))
        sound = _embedded(self.ast, input_values, has_sound, self.no_sound.expand(len(given), -1))
        logits = self.head(torch.cat([picture, sound], dim=1))
        loss = None if labels is None else functional.cross_entropy(logits, labels)
        return SequenceClassifierOutput(loss=loss, logits=logits)


def _embedded(
    tower: nn.Module, values: torch.Tensor | None, present: torch.Tensor | None, stand_in: torch.Tensor
) -> torch.Tensor:
    """The tower's first token of each row that has the modality, the stand-in (n, hidden) elsewhere."""
    if values is None:
        return stand_in
    if present is None:
        return _first_token(tower, values)
    rows = present.nonzero()[:, 0]
    # Only the rows that have it go through the tower: the rest would cost as much and be thrown away.
    return stand_in.index_copy(0, rows, _first_token(tower, values[rows]))


def _first_token(tower: nn.Module, values: torch.Tensor) -> torch.Tensor:
    states: torch.Tensor = tower(values).last_hidden_state
    return states[:, 0]


def _picture_tower(config: DigitsAVConfig) -> ViTConfig:
    return ViTConfig(image_size=SIDE, patch_size=config.picture_patch, num_channels=1, **_tower_sizes(config))


def _sound_tower(config: DigitsAVConfig) -> ASTConfig:
    step = config.sound_patch  # patches side by side, where AST's default lets them overlap
    return ASTConfig(
        max_length=FRAMES,
        num_mel_bins=MELS,
        patch_size=step,
        time_stride=step,
        frequency_stride=step,
        **_tower_sizes(config),
    )


def _tower_sizes(config: DigitsAVConfig) -> dict[str, Any]:
    return {
        "hidden_size": config.hidden_size,
        "num_hidden_layers": config.num_hidden_layers,
        "num_attention_heads": config.num_attention_heads,
        "intermediate_size": 2 * config.hidden_size,
        "initializer_range": config.initializer_range,
    }


def picture_pixels(image: np.ndarray) -> torch.Tensor:
    """A uint8 picture (height, width) or (height, width, 3) of any size as float32 (1, 28, 28) in [-1, 1].

    The digit must be lighter than its ground, as in MNIST. A picture that is not square is put on a black square.
    Raises ValueError when the picture has no pixels.
    """
    if image.size == 0:
        raise ValueError("The image is empty: send a picture of at least one pixel.")
    grey = torch.from_numpy(image.astype(np.float32, order="C"))
    if grey.ndim == 3:
        grey = grey @ torch.tensor([0.299, 0.587, 0.114])  # ITU-R BT.601, as Pillow's "L"
    return (_fitted(grey) / 127.5 - 1)[None]


def _fitted(grey: torch.Tensor) -> torch.Tensor:
    """The picture, its longer edge brought to SIDE pixels, in the middle of a black square."""
    # Sizes before padding: a long thin picture padded at full size would take gigabytes.
    height, width = (max(1, round(SIDE * edge / max(grey.shape))) for edge in grey.shape)
    if (height, width) != tuple(grey.shape):
        grey = functional.interpolate(grey[None, None], (height, width), mode="bilinear", antialias=True)[0, 0]
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    return functional.pad(grey, (left, SIDE - width - left, top, SIDE - height - top))


def log_mel(sound: np.ndarray) -> torch.Tensor:
    """The log-mel spectrogram (64, 32) of a float32 sound (t,) at 8 kHz; of a longer sound the loudest second counts.

    Loudness does not matter: every second is brought to the same peak. Raises ValueError when the sound has no samples
    or holds numbers that are not finite.
    """
    if sound.size == 0:
        raise ValueError("The sound is empty: send at least one sample.")
    if not np.isfinite(sound).all():
        raise ValueError("The sound holds samples that are not finite numbers: send samples from -1 to 1.")
    second = torch.from_numpy(loudest_second(sound))
    second = second / second.abs().max().clamp(min=1e-4)  # near silence stays near silence
    spectrum = torch.stft(second, _WINDOW, _HOP, window=torch.hann_window(_WINDOW), return_complex=True).abs() ** 2
    bands = torch.log(_mel_filters() @ spectrum + 1e-4)  # (32, 65): the last frame lies beyond the second
    return (bands.T[:FRAMES] + 4) / 5  # about zero mean and unit spread over the training data


def loudest_second(sound: np.ndarray) -> np.ndarray:
    """float32 (8000,): the second of most energy, its energy in the middle, silence where the sound has ended."""
    energy = np.concatenate([[0.0], np.cumsum(np.square(sound, dtype=np.float64))])
    length = min(len(sound), SAMPLE_RATE)
    start = int(np.argmax(energy[length:] - energy[:-length]))
    centre = start + _centre_of_mass(np.diff(energy[start : start + length + 1]))
    half = SAMPLE_RATE // 2
    return np.pad(sound.astype(np.float32), half)[centre : centre + SAMPLE_RATE]


def _centre_of_mass(energy: np.ndarray) -> int:
    total = energy.sum()
    return int(np.arange(len(energy)) @ energy / total) if total > 0 else len(energy) // 2


@cache
def _mel_filters() -> torch.Tensor:
    """(32, 129): how much each frequency of the spectrum counts for each band."""
    filters = mel_filter_bank(_WINDOW // 2 + 1, MELS, 60.0, SAMPLE_RATE / 2, SAMPLE_RATE, mel_scale="htk")
    return torch.from_numpy(filters.T).float()


def save_model(model: DigitsAV, directory: Path) -> None:
    """Write config.json and model.safetensors: the same bytes for the same model, loadable by from_pretrained too."""
    model.config.save_pretrained(directory)
    # save_pretrained would rename the weights to an older layout, which load_model's strict check refuses.
    (directory / "model.safetensors").write_bytes(save(model.state_dict(), metadata={"format": "pt"}))


def load_model(directory: Path, device: str = "cpu") -> DigitsAV:
    """The model saved in a directory, ready to answer. Raises when a weight is missing, unknown or of another shape."""
    model = DigitsAV(DigitsAVConfig.from_pretrained(directory))
    # from_pretrained would fill a missing weight with random numbers and only log it.
    model.load_state_dict(load_file(directory / "model.safetensors"), strict=True)
    model.to(device).eval()
    return model


class DigitsHandler:
    """The hooks a serving process calls. A sample has `image` (uint8 picture), `sound` (float32 at 8 kHz) or both."""

    def load(self, context: Any) -> None:
        """Once, before the rest. Only the infer stage needs the weights."""
        self._device = context.device
        if "infer" in context.stages:
            self._model = load_model(context.directory, context.device)

    def preprocess(self, sample: dict[str, Any]) -> dict[str, np.ndarray]:
        """Features of one sample: `pixels` (1, 28, 28), `mel` (64, 32), each only if given. Raises ValueError."""
        features = {}
        if "image" in sample:
            features["pixels"] = picture_pixels(sample["image"]).numpy()
        if "sound" in sample:
            features["mel"] = log_mel(sample["sound"]).numpy()
        if not features:
            raise ValueError("The sample is empty: send image, sound or both.")
        return features

    @torch.inference_mode()
    def predict(self, batch: list[dict[str, np.ndarray]]) -> list[dict[str, np.ndarray]]:
        """`logits` (10,) of each sample. Samples with different modalities may share a batch."""
        pixels, has_picture = self._stacked(batch, "pixels", (1, SIDE, SIDE))
        mels, has_sound = self._stacked(batch, "mel", (FRAMES, MELS))
        logits = self._model(pixels, mels, has_picture, has_sound).logits
        return [{"logits": row} for row in logits.cpu().numpy()]

    def _stacked(
        self, batch: list[dict[str, np.ndarray]], name: str, shape: tuple[int, ...]
    ) -> tuple[torch.Tensor | None, torch.Tensor | None]:
        """One tensor over the batch, zeros where a sample lacks it, and the mask of those that have it (None = all)."""
        present = np.array([name in features for features in batch])
        if not present.any():
            return None, None
        absent = np.zeros(shape, np.float32)
        values = torch.from_numpy(np.stack([features.get(name, absent) for features in batch])).to(self._device)
        return values, None if present.all() else torch.from_numpy(present).to(self._device)

    def postprocess(self, prediction: dict[str, np.ndarray]) -> dict[str, Any]:
        """The most likely `digit` and the `scores` (10,), which sum to one."""
        logits = prediction["logits"].astype(np.float64)
        odds = np.exp(logits - logits.max())
        return {"digit": int(logits.argmax()), "scores": (odds / odds.sum()).astype(np.float32)}
