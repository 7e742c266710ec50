"""The wire's whole way under gm-1, in every `./run test`: one test or two of each subject, as they stand in their own files.

All of `tests/sync` under gm-1: KIOSK_SUITE=gm-1. What is here runs under gm-1 alone, with one bureau of that suite.
"""

from __future__ import annotations

from tests.sync import test_courier, test_delivery, test_home_loans

ONLY_SUITE = "gm-1"

context, medium, both = test_courier.context, test_courier.medium, test_home_loans.both

test_home_visits = test_home_loans.test_the_whole_way_and_both_deliver  # first: before the bureau has a roster

test_there_and_back_twice = test_courier.test_there_and_back_twice
test_partial_copies = test_courier.test_partial_copies_are_noticed_at_both_ends_and_replaced
test_rosters_and_bundles = test_courier.test_rosters_and_bundles_come_by_stick
test_papers = test_courier.test_papers_go_by_stick_with_their_record_and_are_erased_by_the_bureaus_word

test_stages = test_delivery.test_a_record_goes_through_its_stages
test_twice_is_once = test_delivery.test_twice_is_once
test_conflict = test_delivery.test_other_content_under_a_known_id_is_refused_for_good
test_revoked = test_delivery.test_a_kiosk_that_is_revoked_is_told_so_and_stops
test_journal = test_delivery.test_the_journal_travels_and_a_rewritten_one_is_noticed
