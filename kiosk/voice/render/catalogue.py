"""Renders a whole catalogue: what changed since the last time is spoken anew, evened and written; everything else stays.

For `kiosk voice render`. A sentence's file is named after all that its sound depends on, so the same input gives the same names
and the same bytes, and a rendering that was broken off goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from kiosk.errors import ConfigError, ModelError
from kiosk.voice.joining import SENTENCE_PAUSE_S
from kiosk.voice.render import levels
from kiosk.voice.render.kokoro import RATE, Kokoro
from kiosk.voice.render.parts import FOLDER as PARTS_FOLDER
from kiosk.voice.render.parts import Parts, Speech
from kiosk.voice.render.pronounce import Mandarin, Sounds
from kiosk.voice.rendered import FOLDER, SUFFIX, Recording, Rendered, Sentence, digest, sentences_of

RECIPE = 2  # raise it when trimming, evening or encoding changes: everything is rendered anew
Speak = Callable[[str, float, int | None], np.ndarray]  # phonemes, speed, style -> sound


def spoken_as(sentence: str, sounds: Sounds, speech: Speech) -> tuple[str, int | None]:
    """Return the phonemes of a sentence and their style (None: its own).

    A single syllable ends with a full stop and takes the style of a longer sentence: else 一 is heard as 也, 四 as 自 (measured).
    """
    stop = "." if len(sentence) == 1 else ""
    return sounds.phonemes + stop, speech.style(sentence)


def file_name(sentence: str, sounds: Sounds, speech: Speech, parts: Parts) -> str:
    """Return the name of a sentence's file: a digest of all that its sound is made of."""
    phonemes, style = spoken_as(sentence, sounds, speech)
    made_of = [RECIPE, parts.files["kokoro"].sha256, parts.files[speech.voice].sha256, speech.speed, speech.lufs]
    own = [] if style is None else [style]
    text = json.dumps([*made_of, speech.true_peak_db, levels.COMPRESSION, phonemes, *own], ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def render(
    texts: Mapping[str, str],
    language: str,
    parts: Parts,
    speech: Speech,
    say: Callable[[str], None],
    *,
    folder: Path = FOLDER,
    parts_folder: Path = PARTS_FOLDER,
    speak: Speak | None = None,
) -> Rendered:
    """Render every text (key -> spoken text) and return what there is now; files that no prompt uses any more are removed.

    say: receives a line of progress at a time. speak: the model, loaded only when something has to be spoken.
    Raises ConfigError for a text without sounds, ModelError when the weights are missing or altered.
    """
    if language != "zh_CN":
        raise ConfigError(f"there are no weights for {language}: its prompts are synthesised, or recorded by a bureau")
    mandarin = Mandarin()
    before = Rendered.load(language, folder)
    place = folder / language
    place.mkdir(parents=True, exist_ok=True)
    sounds = {sentence: mandarin.sounds(sentence) for text in texts.values() for sentence in sentences_of(text)}
    names = {sentence: file_name(sentence, found, speech, parts) for sentence, found in sounds.items()}
    missing = [sentence for sentence, name in names.items() if not (place / (name + SUFFIX)).is_file()]
    say(f"{language}: {len(texts)} prompts, {len(sounds)} sentences, {len(missing)} to render")
    spoken_by = speak or (Kokoro(parts, speech.voice, parts_folder).speak if missing else _nobody)
    for number, sentence in enumerate(missing, 1):
        target = place / (names[sentence] + SUFFIX)
        if target.exists():  # another rendering was started beside this one
            continue
        phonemes, style = spoken_as(sentence, sounds[sentence], speech)
        sound = spoken_by(phonemes, speech.speed, style)
        sound = levels.trim(levels.first_word(sound, RATE) if len(sentence) == 1 else sound, RATE)
        data = levels.encoded_even(sound, RATE, speech.lufs, speech.true_peak_db)
        unfinished = target.with_suffix(f".{os.getpid()}.part")
        unfinished.write_bytes(data)
        unfinished.replace(target)
        say(f"{number}/{len(missing)} {len(sound) / RATE:5.1f} s  {sentence}")
    made = _measured(texts, sounds, names, before, Rendered(language, place, *_head(parts, speech)))
    made.save()
    for path in place.glob(f"*{SUFFIX}"):
        if path.stem not in made.sentences:
            path.unlink()
    return made


def _nobody(phonemes: str, speed: float, style: int | None) -> np.ndarray:
    raise ModelError(phonemes)


def _head(parts: Parts, speech: Speech) -> tuple[str, str, float, float]:
    return parts.files["kokoro"].sha256, speech.voice, speech.speed, speech.lufs


def _measured(
    texts: Mapping[str, str], sounds: Mapping[str, Sounds], names: Mapping[str, str], before: Rendered, after: Rendered
) -> Rendered:
    """Return the manifest: lengths and loudness are measured on the files, and kept from before where the files are the same."""
    decoded: dict[str, np.ndarray] = {}

    def sound(name: str) -> np.ndarray:
        if name not in decoded:
            decoded[name], _ = levels.decode(after.path(name))
        return decoded[name]

    sentences = {}
    for text, name in names.items():
        known = before.sentences.get(name)
        if known is None:
            samples = sound(name)
            sentences[name] = Sentence(
                text, " ".join(sounds[text].pinyin), round(len(samples) / RATE, 2), round(levels.loudness(samples, RATE), 2)
            )
        else:
            sentences[name] = Sentence(text, " ".join(sounds[text].pinyin), known.seconds, known.lufs)
    prompts = {}
    for key, text in texts.items():
        files = tuple(names[sentence] for sentence in sentences_of(text))
        known_prompt = before.prompts.get(key)
        if known_prompt is not None and known_prompt.files == files:
            prompts[key] = Recording(text, digest(text), files, known_prompt.seconds, known_prompt.lufs)
            continue
        pause = np.zeros(int(SENTENCE_PAUSE_S * RATE), np.float32)
        whole = np.concatenate([part for name in files for part in (pause, sound(name))][1:])
        prompts[key] = Recording(text, digest(text), files, round(len(whole) / RATE, 2), round(levels.loudness(whole, RATE), 2))
    return Rendered(
        after.language, after.folder, after.model, after.voice, after.speed, after.lufs, sentences, dict(sorted(prompts.items()))
    )
