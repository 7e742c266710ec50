"""A portable kiosk's day as a process: the list from a stick, a visit, the result back; a second kiosk and a real bureau."""

from __future__ import annotations

from tests.demo.test_visits import demo


def test_a_list_goes_out_and_one_pass_comes_back(tmp_path):
    """The scenario itself looks at both kiosks' states and at what the bureau has: what is wrong there is its exit status."""
    done, visit = demo(tmp_path, "portable")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (visit["outcome"], visit["local_state"], visit["bureau_state"]) == ("passed", "confirmed", "accepted")
    assert visit["pages"].count("desk-home-visits") == 2
    assert (tmp_path / "out" / "04-visits-imported.png").exists()
