"""The speaker says the newest wish, in order, and is silent at once; nothing it does can hold up who calls it."""

from __future__ import annotations

import shutil
import threading
import wave

import pytest

from kiosk.config import Voice
from kiosk.texts import requests as r
from kiosk.texts.strings import Strings
from kiosk.voice import sound
from kiosk.voice.rendered import Recording, Rendered, Sentence, digest, sentences_of
from kiosk.voice.shelf import DIGIT_REST_S
from kiosk.voice.speaker import LEAST_VOLUME, Speaker
from kiosk.voice.worker import VoiceWorker
from tests.voice.conftest import write_silence

HELLO, WHO = "page.idle.say", "page.who.say"


def test_prompts_come_one_after_another(speaker, player, synthesiser):
    speaker.say([HELLO, WHO])
    assert player.wait_for(1)
    assert player.played == [f"zh_CN-{HELLO}.wav"]
    player.let_go()
    assert player.wait_for(2)
    assert player.played[1] == f"zh_CN-{WHO}.wav"
    assert [language for language, _ in synthesiser.texts] == ["zh_CN", "zh_CN"]


def test_hush_stops_the_sound_and_the_rest_of_the_wish(speaker, player):
    speaker.say([HELLO, WHO])
    assert player.wait_for(1)
    speaker.hush()
    assert not player.playing()
    speaker.say(["page.card.say"])
    assert player.wait_for(2)
    assert player.played == [f"zh_CN-{HELLO}.wav", "zh_CN-page.card.say.wav"]


def test_a_new_wish_replaces_the_old_one(speaker, player):
    speaker.say([HELLO])
    assert player.wait_for(1)
    speaker.say([WHO])
    assert player.wait_for(2)
    assert player.played[-1] == f"zh_CN-{WHO}.wav"
    assert player.stops >= 2


def test_calling_does_not_wait_for_a_hanging_engine(speaker, player, synthesiser):
    """`say` and `hush` come back while the synthesiser hangs: the calls run here, the engine in its own thread."""
    synthesiser.gate.clear()
    speaker.say([HELLO])
    for _ in range(50):
        speaker.hush()
        speaker.say([WHO])
    assert player.played == []
    synthesiser.gate.set()
    assert player.wait_for(1)
    assert player.played == [f"zh_CN-{WHO}.wav"], "what was wished before is not said after it"


def test_a_prompt_hushed_during_synthesis_is_never_heard(speaker, player, synthesiser):
    synthesiser.gate.clear()
    speaker.say([HELLO])
    speaker.hush()
    synthesiser.gate.set()
    speaker.say([WHO])
    assert player.wait_for(1)
    assert player.played == [f"zh_CN-{WHO}.wav"]


def test_a_recording_wins(speaker, player, synthesiser, tmp_path):
    folder = tmp_path / "recordings" / "zh_CN"
    folder.mkdir(parents=True)
    write_silence(folder / f"{HELLO}.wav")
    speaker.say([HELLO])
    assert player.wait_for(1)
    assert player.played == [f"{HELLO}.wav"]
    assert synthesiser.texts == []


def test_a_prompt_is_synthesised_once(speaker, player, synthesiser):
    for count in (1, 2):
        speaker.say([HELLO])
        assert player.wait_for(count)
    assert len(synthesiser.texts) == 1


def test_a_failing_engine_is_silence_and_the_next_prompt_works(speaker, player, synthesiser):
    synthesiser.works = False
    speaker.say([HELLO])
    speaker.say(["chime.done"])
    assert player.wait_for(1)
    assert player.played == ["chime.done.wav"]


def test_a_hush_waits_for_no_player_that_is_just_starting(speaker, player):
    """A program takes a moment to start; the page that changes meanwhile is not held up, and the sound is stopped as it begins."""
    starting, started = threading.Event(), threading.Event()
    begin = player.play

    def slowly(path):
        starting.set()
        started.wait(10)
        begin(path)

    player.play = slowly
    speaker.say([HELLO])
    assert starting.wait(10)
    speaker.hush()  # returns, though the player has not begun
    assert player.played == []
    started.set()
    assert player.wait_for(1)
    player.play = begin
    speaker.say([WHO])
    assert player.wait_for(2)
    assert player.stops >= 3, "the one of the hush found nothing to stop"


def test_a_name_is_spoken_into_headphones_alone(speaker, player, synthesiser):
    speaker.say(["text:陈某芳", WHO])
    assert player.wait_for(1)
    assert player.played == [f"zh_CN-{WHO}.wav"]
    speaker.set_private(True)
    speaker.say(["text:陈某芳"])
    assert player.wait_for(2)
    assert player.played[-1] == "words.wav"
    speaker.set_private(False)
    assert not player.playing(), "silent at once when they are pulled out"
    assert [text for _, text in synthesiser.texts].count("陈某芳") == 1


def test_another_language(speaker, player):
    speaker.set_language("zh_HK")
    speaker.say([HELLO])
    assert player.wait_for(1)
    speaker.set_language("en")
    speaker.say([HELLO])
    assert player.wait_for(2)
    assert player.played == [f"zh_HK-{HELLO}.wav", f"en-{HELLO}.wav"]


def test_the_volume_keys_never_silence_it(speaker):
    for _ in range(10):
        speaker.change_volume(-0.2)
    assert speaker.volume == pytest.approx(LEAST_VOLUME)
    for _ in range(10):
        speaker.change_volume(0.2)
    assert speaker.volume == 1.0


def test_the_next_person_hears_it_as_loud_as_the_station_has_it(qtbot, speaker):
    worker = VoiceWorker(Voice(), speaker)
    own = speaker.volume
    worker.on_wish(r.VolumeDown())
    assert speaker.volume < own
    worker.on_wish(r.ResetVolume())
    assert speaker.volume == own


def test_a_lower_volume_scales_the_samples(tmp_path):
    write_silence(tmp_path / "a.wav", sample=10000)
    sound.louder(tmp_path / "a.wav", tmp_path / "b.wav", 0.4)
    with wave.open(str(tmp_path / "b.wav"), "rb") as scaled:
        assert int.from_bytes(scaled.readframes(1), "little", signed=True) == 4000


def test_a_disabled_voice_does_nothing(player, synthesiser):
    speaker = Speaker(Voice(enabled=False), synthesiser, player)
    speaker.start()
    speaker.say([HELLO])
    speaker.stop()
    assert player.played == []
    assert synthesiser.texts == []


def test_stopping_ends_the_thread_and_the_files(player, synthesiser, tmp_path):
    speaker = Speaker(Voice(), synthesiser, player, tmp_path, tmp_path)
    speaker.start()
    folder = speaker._shelf.folder
    speaker.say([HELLO])
    assert player.wait_for(1)
    speaker.stop()
    assert "voice" not in {thread.name for thread in threading.enumerate()}
    assert not (folder).exists()


def test_wishes_of_the_window(qtbot, speaker, player):
    worker = VoiceWorker(Voice(), speaker)
    worker.on_wish(r.ChangeLanguage("en"))
    worker.on_wish(r.VolumeDown())
    assert player.wait_for(1), "the new volume is heard at once"
    assert speaker.volume == pytest.approx(0.8)
    worker.say([HELLO])
    assert player.wait_for(2)
    worker.hush()
    assert not player.playing()
    assert speaker.language == "en"


def test_chimes_are_soft_and_short(tmp_path):
    for name in sound.CHIMES:
        path = tmp_path / f"{name}.wav"
        sound.write_chime(name, path)
        with wave.open(str(path), "rb") as chime:
            samples = memoryview(chime.readframes(chime.getnframes())).cast("h")
            assert chime.getnframes() / chime.getframerate() < 1.0
        assert 1000 < max(samples) < 16000
        assert abs(samples[0]) < 200
        assert abs(samples[-1]) < 1000


def test_a_player_program_is_ended_at_once(tmp_path):
    write_silence(tmp_path / "a.wav")
    player = sound.CommandPlayer(("tail", "-f"))  # goes on until it is ended, as a long prompt does
    player.play(tmp_path / "a.wav")
    assert player.playing()
    process = player._process
    player.stop()
    assert not player.playing()
    player.close()
    assert process.returncode is not None, "killed, and not left behind"


def test_a_machine_without_sound_is_left_in_peace(tmp_path):
    """`false` stands for a player without hardware: it fails once, then is not tried for a while."""
    write_silence(tmp_path / "a.wav")
    player = sound.CommandPlayer(("false",))
    player.play(tmp_path / "a.wav")
    player._process.wait()
    assert not player.playing()
    player.play(tmp_path / "a.wav")
    assert player._process is None


@pytest.mark.parametrize("allowed", [True, False])
def test_a_small_buffer_is_asked_for_only_where_the_player_may_run_before_others(tmp_path, monkeypatch, allowed):
    write_silence(tmp_path / "a.wav")
    asked = []
    monkeypatch.setattr(sound, "urgent", lambda pid: asked.append(pid) or allowed)
    script = tmp_path / "player"
    script.write_text(f'#!/bin/sh\necho "$@" >> {tmp_path}/asked\n', encoding="utf-8")
    script.chmod(0o755)
    player = sound.CommandPlayer((str(script),), ("--small",))
    for _ in range(2):
        player.play(tmp_path / "a.wav")
        player._process.wait()
        assert not player.playing()
    lines = (tmp_path / "asked").read_text(encoding="utf-8").splitlines()
    assert ["--small" in line for line in lines] == [True, allowed]
    assert len(asked) == (2 if allowed else 1)


def test_a_process_that_may_not_run_before_others_is_left_as_it_is():
    def refuse(*_):
        raise PermissionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sound.os, "setpriority", refuse, raising=False)
        assert sound.urgent(1) is False


def test_no_player_program_at_all(tmp_path, monkeypatch):
    monkeypatch.setattr(sound.shutil, "which", lambda name: None)
    monkeypatch.setattr(sound.sys, "platform", "linux")
    player = sound.find_player()
    player.play(tmp_path / "a.wav")
    assert not player.playing()
    player.stop()


def rendered(folder, texts):
    """Lay down recordings of these keys, as `kiosk voice render` does; they hold no sound."""
    place = folder / "rendered" / "zh_CN"
    place.mkdir(parents=True)
    prompts, sentences = {}, {}
    for key, text in texts.items():
        names = [digest(sentence) for sentence in sentences_of(text)]
        for name in names:
            (place / f"{name}.opus").write_bytes(bytes(100))
            sentences[name] = Sentence(text, "", 1.0, -19.0)
        prompts[key] = Recording(text, digest(text), tuple(names), 1.0, -19.0)
    Rendered("zh_CN", place, "model", "voice", 1.0, -19.0, sentences, prompts).save()


def test_the_rendered_voice_speaks_where_there_is_no_own_recording(speaker, player, synthesiser, tmp_path):
    text = Strings.load("zh_CN").text(HELLO)
    rendered(tmp_path, {HELLO: text})
    speaker.say([HELLO])
    assert player.wait_for(1)
    assert synthesiser.texts == []
    assert synthesiser.joins == [[[f"{digest(sentence)}.opus"] for sentence in sentences_of(text)]], "with a rest between sentences"


def test_a_number_is_one_sound_and_is_not_kept(speaker, player, synthesiser, tmp_path):
    digits = [f"spoken.digit.say_{digit}" for digit in "482"]
    rendered(tmp_path, {key: Strings.load("zh_CN").text(key) for key in digits})
    speaker.say(["chime.done", digits[0], "," + digits[1], "," + digits[2]])
    assert player.wait_for(1)
    player.let_go()
    assert player.wait_for(2)
    assert player.played == ["chime.done.wav", "joined.wav"]
    assert [len(run) for run in synthesiser.joins[0]] == [1, 1, 1]
    assert synthesiser.rests[0][1:] == [DIGIT_REST_S, DIGIT_REST_S]


def test_pieces_of_a_date_are_joined_closely(speaker, player, synthesiser, tmp_path):
    pieces = ["spoken.digit.say_7", "spoken.date.say_year", "spoken.date.say_month_1"]
    rendered(tmp_path, {key: Strings.load("zh_CN").text(key) for key in pieces})
    speaker.say([pieces[0], *(f"+{piece}" for piece in pieces[1:])])
    assert player.wait_for(1)
    assert [len(run) for run in synthesiser.joins[0]] == [3], "in one run"


def test_a_prompt_whose_decoding_broke_off_is_said_once_more(speaker, player, synthesiser, tmp_path):
    rendered(tmp_path, {WHO: Strings.load("zh_CN").text(WHO)})
    synthesiser.ends = [False, True]
    speaker.say([WHO, WHO])
    for count in (1, 2):
        assert player.wait_for(count)
        player.let_go()
    assert player.wait_for(3)
    assert len(synthesiser.joins) == 2, "the second one is whole, and kept"


def test_what_is_said_first_lies_ready_when_the_next_person_comes(player, synthesiser, tmp_path, monkeypatch):
    monkeypatch.setattr("kiosk.voice.speaker.SETTLE_S", 0.01)
    monkeypatch.setattr("kiosk.voice.speaker.KEEP_S", 0.01)
    rendered(tmp_path, {WHO: Strings.load("zh_CN").text(WHO)})
    ended = threading.Event()
    synthesiser.close = ended.set
    speaker = Speaker(Voice(), synthesiser, player, tmp_path / "recordings", tmp_path / "rendered")
    speaker.start()
    try:
        assert ended.wait(10)
        assert len(synthesiser.joins) == 1
        speaker.say([WHO])
        assert player.wait_for(1)
        assert len(synthesiser.joins) == 1, "played without the child"
    finally:
        speaker.stop()


def test_a_piece_without_recording_is_synthesised(speaker, player, synthesiser, tmp_path):
    first, second = "spoken.digit.say_4", "spoken.digit.say_8"
    rendered(tmp_path, {first: Strings.load("zh_CN").text(first)})
    speaker.say([first, "+" + second])
    assert player.wait_for(1)
    player.let_go()
    assert player.wait_for(2)
    assert [text for _, text in synthesiser.texts] == [Strings.load("zh_CN").text(second)]


def test_a_folder_that_was_swept_away_is_made_anew(player, synthesiser, tmp_path):
    told = []
    speaker = Speaker(Voice(), synthesiser, player, tmp_path, tmp_path, told.append)
    speaker.start()
    try:
        for count in (1, 2):
            speaker.say([HELLO])
            assert player.wait_for(count)
            player.let_go()
            shutil.rmtree(speaker._shelf.folder)
        assert told[0] is sound.Trouble.SWEPT
        assert len(synthesiser.texts) == 2, "what lay in it is made anew"
    finally:
        speaker.stop()


def test_a_card_that_fails_is_tried_again_while_the_page_stays(player, synthesiser, tmp_path, monkeypatch):
    """A busy card, then a good one: the same prompt is heard, and the trouble and its end are told."""
    monkeypatch.setattr(sound, "BROKEN_REST_S", 0.01)
    told, good_again = [], threading.Event()

    def hear(trouble):
        told.append(trouble)
        if trouble is sound.Trouble.NONE:
            good_again.set()

    speaker = Speaker(Voice(), synthesiser, player, tmp_path, tmp_path, hear)
    player.trouble = sound.Trouble.BUSY
    speaker.start()
    try:
        speaker.say([HELLO])
        assert player.wait_for(1)
        player.let_go()
        assert player.wait_for(2)
        player.trouble = sound.Trouble.NONE
        player.let_go()
        assert good_again.wait(10)
        assert told == [sound.Trouble.BUSY, sound.Trouble.NONE]
        assert len(set(player.played)) == 1
    finally:
        speaker.stop()


def test_decoded_prompts_do_not_pile_up(speaker, player, monkeypatch):
    monkeypatch.setattr("kiosk.voice.shelf.KEPT", 2)
    keys = [HELLO, WHO, "page.card.say", "page.consent.say"]
    for count, key in enumerate(keys, 1):
        speaker.say([key])
        assert player.wait_for(count)
        player.let_go()
    assert len(list(speaker._shelf.folder.glob("*-*.wav"))) <= 2


@pytest.mark.parametrize(
    ("said", "trouble"), [("aplay: audio open error: Device or resource busy", "busy"), ("No such device", "card-gone")]
)
def test_a_players_complaint_is_understood(tmp_path, said, trouble):
    write_silence(tmp_path / "a.wav")
    script = tmp_path / "player"
    script.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n", encoding="utf-8")
    script.chmod(0o755)
    player = sound.CommandPlayer((str(script),))
    player.play(tmp_path / "a.wav")
    while player.playing():
        player._process.wait()
    assert player.trouble == trouble
    player.close()
