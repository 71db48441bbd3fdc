"""Synthetic speech from espeak-ng, which the `espeakng-loader` wheel brings as a shared library.

espeak-ng keeps hidden state between utterances (the flutter of a voice goes on where it stopped, its noise comes from a
random generator), so what it says depends on all it said before. Therefore every list of phrases is spoken by a fresh
child process with a seeded generator: the same list always gives the same samples. A crash in the C library also takes
only that child.
"""

import ctypes
import json
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple

import numpy as np

# The numbers of espeak-ng's C interface (speak_lib.h).
_SYNCHRONOUS = 2
_RATE, _PITCH, _RANGE = 1, 3, 4
_FROM_CHARACTER = 1
_UTF8 = 1
_RANDOM_SEED = 1


class Phrase(NamedTuple):
    """A text and how to say it: a voice such as "en-us+f2", rate in words a minute, pitch and range from 0 to 99."""

    text: str
    voice: str
    rate: int
    pitch: int
    pitch_range: int


class SpeechError(RuntimeError):
    """espeak-ng could not speak: no such voice, or the wheel `espeakng-loader` is missing or damaged."""


def speak(phrases: Sequence[Phrase]) -> Iterator[tuple[int, np.ndarray]]:
    """Yield (samples a second, int16 samples) for each phrase, in order. Raises SpeechError."""
    command = [sys.executable, "-P", str(Path(__file__).resolve())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as child:
        try:
            assert child.stdin and child.stdout and child.stderr
            _send(child.stdin, phrases)
            for _ in phrases:
                yield _receive(child.stdout, child.stderr)
        finally:
            child.kill()  # also when the reader stops half-way; an ended child is past being harmed


def _send(pipe: IO[bytes], phrases: Sequence[Phrase]) -> None:
    with suppress(BrokenPipeError):  # a child that could not start is reported by _receive, with its reason
        pipe.write(json.dumps(phrases).encode())
        pipe.close()


def _receive(voice: IO[bytes], complaints: IO[bytes]) -> tuple[int, np.ndarray]:
    header = voice.read(_HEADER.size)
    if len(header) < _HEADER.size:
        reason = complaints.read().decode(errors="replace").strip().splitlines()
        raise SpeechError(f"espeak-ng stopped: {reason[-1] if reason else 'no reason given'}")
    sample_rate, count = _HEADER.unpack(header)
    samples = np.frombuffer(voice.read(2 * count), np.int16)
    if len(samples) < count:
        raise SpeechError("espeak-ng stopped in the middle of a phrase.")
    return sample_rate, samples


# From here on: the child's side.

_HEADER = struct.Struct("<II")  # samples a second, number of int16 samples that follow
_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class _Speaker:
    """The library, started. One a process: its state is global."""

    def __init__(self) -> None:
        import espeakng_loader  # here, so that only the child needs the library

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._data = Path(espeakng_loader.get_data_path())
        self.sample_rate = self._library.espeak_Initialize(_SYNCHRONOUS, 0, str(self._data).encode(), 0)
        if self.sample_rate <= 0:
            raise SpeechError(f"espeak-ng found no usable voices in {self._data}.")
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(_RANDOM_SEED))
        self._chunks: list[bytes] = []
        self._callback = _CALLBACK(self._keep)  # kept as an attribute: C holds a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    def _keep(self, samples: Any, count: int, _events: Any) -> int:
        if samples and count:
            self._chunks.append(ctypes.string_at(samples, 2 * count))
        return 0

    def _set_voice(self, name: str) -> None:
        # An unknown variant, the part after "+", would be passed over in silence.
        _, _, variant = name.partition("+")
        known = not variant or (self._data / "voices" / "!v" / variant).is_file()
        if not known or self._library.espeak_SetVoiceByName(name.encode()) != 0:
            raise SpeechError(f"espeak-ng has no voice named {name!r}.")

    def say(self, phrase: Phrase) -> bytes:
        """int16 samples of one phrase, as bytes."""
        self._set_voice(phrase.voice)
        for parameter, value in ((_RATE, phrase.rate), (_PITCH, phrase.pitch), (_RANGE, phrase.pitch_range)):
            self._library.espeak_SetParameter(parameter, value, 0)
        self._chunks.clear()
        text = phrase.text.encode() + b"\0"
        size = ctypes.c_size_t(len(text))
        if self._library.espeak_Synth(text, size, 0, _FROM_CHARACTER, 0, _UTF8, None, None) != 0:
            raise SpeechError(f"espeak-ng could not say {phrase.text!r}.")
        return b"".join(self._chunks)


def _main() -> None:
    """Read a JSON list of phrases from standard input, write header and samples of each to standard output."""
    phrases = [Phrase(*fields) for fields in json.load(sys.stdin)]
    speaker = _Speaker()
    for phrase in phrases:
        samples = speaker.say(phrase)
        sys.stdout.buffer.write(_HEADER.pack(speaker.sample_rate, len(samples) // 2) + samples)


if __name__ == "__main__":
    _main()
