"""Purposes as data: what a policy changes, and what is refused before anything starts."""

from __future__ import annotations

import json
from collections.abc import Sequence

import pytest

from infra.sms_catalogue import templates
from shared.errors import (
    ChallengeInvalid,
    OtpInvalid,
    ProviderUnavailable,
    RequestInvalid,
    SettingsInvalid,
    StoreUnavailable,
    Throttled,
)
from shared.otp.policy import ALPHABETS, CERTAIN, Policy
from shared.otp.policy_file import load_policies
from shared.rows import Row, RowChange, RowKey
from shared.send_outcome import RefusalKind, SendRefused
from shared.throttle.limits import Limits, LimitSet
from shared.throttle.model import SIX_DIGITS, Flow, guesses_per_phone
from tests.fakes.service import PHONE, OtpService

ABROAD = "+14155552671"


def service(**changes: object) -> OtpService:
    """One whose purpose `login` differs so."""
    return OtpService(policies=load_policies(json.dumps({"login": changes})))


def test_six_purposes_are_shipped() -> None:
    assert set(load_policies()) == {"login", "signup", "reset", "payment", "pickup", "transfer"}


def test_a_deployment_changes_what_it_names_and_adds_its_own() -> None:
    policies = load_policies(
        '{"payment": {"ttl_s": 120}, "door": {"code_length": 5, "alphabet": "consonants"}}'
    )

    assert (policies["payment"].ttl_s, policies["payment"].code_length) == (120, 6)
    assert policies["payment"].long_code_length == policies["login"].long_code_length == 8
    assert policies["door"] == Policy("door", code_length=5, alphabet="consonants")


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ("[]", "OTP_POLICIES"),
        ('{"Login": {}}', "OTP_POLICIES.Login"),
        ('{"login": {"code_lenght": 6}}', "OTP_POLICIES.login.code_lenght"),
        ('{"login": {"code_length": 7}}', "OTP_POLICIES.login.code_length"),
        ('{"login": {"code_length": 5}}', "OTP_POLICIES.login.code_length"),
        ('{"login": {"code_length": "6"}}', "OTP_POLICIES.login.code_length"),
        ('{"login": {"long_code_length": 6}}', "OTP_POLICIES.login.long_code_length"),
        ('{"login": {"alphabet": "emoji"}}', "OTP_POLICIES.login.alphabet"),
        ('{"login": {"ttl_s": 601}}', "OTP_POLICIES.login.ttl_s"),
        ('{"login": {"max_attempts": 4}}', "OTP_POLICIES.login.max_attempts"),
        ('{"login": {"resend": "twice"}}', "OTP_POLICIES.login.resend"),
        ('{"login": {"resend_after_s": 30}}', "OTP_POLICIES.login.resend_after_s"),
        ('{"login": {"limits": [{"limit": 1}]}}', "OTP_POLICIES.login.limits.0.window_s"),
        ('{"login": {"context": ["a b"]}}', "OTP_POLICIES.login.context.0"),
    ],
)
def test_a_wrong_policy_is_named(changes: str, named: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load_policies(changes)

    assert named in str(caught.value)


def test_every_wrong_policy_is_named_at_once() -> None:
    with pytest.raises(SettingsInvalid, match="login.ttl_s.*payment.ttl_s"):
        load_policies('{"login": {"ttl_s": 1}, "payment": {"ttl_s": 1}}')


def test_templates_say_how_long_codes_are_good() -> None:
    """What the text promises is what the policy keeps."""
    policies = load_policies()
    for template in templates("prod"):
        if not template.is_notification:
            minutes = policies[template.purpose].ttl_s // 60
            assert f"{minutes}分钟" in template.content or f"{minutes} minutes" in template.content


def test_codes_of_letters_are_read_however_they_are_typed() -> None:
    otp = service(code_length=5, alphabet="consonants")
    issued = otp.request()
    code = otp.sender.last_code

    assert set(code) <= set(ALPHABETS["consonants"])
    assert issued.code_length == len(code) == 5
    otp.verify(issued.challenge_id, f"{code[:2].lower()} {code[2:]}")


def test_a_purpose_may_demand_what_its_code_is_bound_to() -> None:
    otp = service(context=["amount", "payee"])

    with pytest.raises(RequestInvalid) as caught:
        otp.request(context={"amount": "100"})
    assert [problem.field for problem in caught.value.problems] == ["context.payee"]
    assert (otp.memory.trips, otp.sender.sent) == (0, [])

    issued = otp.request(context={"amount": "100", "payee": "x"})
    with pytest.raises(OtpInvalid):
        otp.verify(issued.challenge_id)
    otp.verify(issued.challenge_id, context={"payee": "x", "amount": "100"})


def test_a_purpose_has_limits_of_its_own() -> None:
    otp = service(limits=[{"limit": 2, "window_s": 3600}])
    for _ in range(2):
        otp.request()
        otp.clock.advance(61)

    with pytest.raises(Throttled) as caught:
        otp.request()
    assert caught.value.quota.policy == "login_3600s"
    otp.request(purpose="payment")


def test_a_longer_cool_down_is_said_and_kept() -> None:
    otp = service(resend_after_s=120)
    issued = otp.request()
    assert issued.resend_after_s == 120
    otp.clock.advance(90)

    with pytest.raises(Throttled) as caught:
        otp.request(challenge_id=issued.challenge_id)

    assert (caught.value.quota.policy, caught.value.retry_after_s) == ("resend", 30)
    otp.clock.advance(30)
    otp.request(challenge_id=issued.challenge_id)
    otp.verify(issued.challenge_id)


def test_a_resend_that_the_provider_refused_need_not_cool_down_again() -> None:
    otp = service(resend_after_s=120)
    issued = otp.request()
    otp.clock.advance(121)
    otp.sender.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "x")]
    with pytest.raises(ProviderUnavailable):
        otp.request(challenge_id=issued.challenge_id)

    otp.request(challenge_id=issued.challenge_id)


def test_a_new_code_takes_the_old_ones_place_with_its_attempts() -> None:
    otp = service(resend="new")
    issued = otp.request()
    first = otp.sender.last_code
    assert otp.refuses(issued.challenge_id, otp.wrong_code())
    otp.clock.advance(61)

    again = otp.request(challenge_id=issued.challenge_id)

    assert again.challenge_id == issued.challenge_id
    assert otp.sender.last_code != first
    assert otp.refuses(issued.challenge_id, first)
    otp.verify(issued.challenge_id)  # the third and last attempt


def test_a_new_code_that_was_not_sent_leaves_no_code() -> None:
    otp = service(resend="new")
    issued = otp.request()
    first = otp.sender.last_code
    otp.clock.advance(61)
    otp.sender.outcomes = [SendRefused(RefusalKind.UNAVAILABLE, "x")]
    with pytest.raises(ProviderUnavailable):
        otp.request(challenge_id=issued.challenge_id)

    assert otp.refuses(issued.challenge_id, first)
    with pytest.raises(ChallengeInvalid):
        otp.request(challenge_id=issued.challenge_id)


def test_a_resend_that_a_limit_refused_leaves_the_old_code() -> None:
    otp = service(resend="new")
    issued = otp.request()
    first = otp.sender.last_code
    otp.clock.advance(10)
    with pytest.raises(Throttled):
        otp.request(challenge_id=issued.challenge_id)

    otp.verify(issued.challenge_id, first)


def spend_half_of_the_guesses(otp: OtpService, phone: str) -> None:
    for _ in range(6):
        issued = otp.request(phone)
        for _ in range(3):
            assert otp.refuses(issued.challenge_id, otp.wrong_code())
        otp.clock.advance(721)


def test_a_phone_that_is_guessed_at_gets_longer_codes_abroad() -> None:
    otp = OtpService()
    spend_half_of_the_guesses(otp, ABROAD)

    issued = otp.request(ABROAD)

    assert issued.code_length == len(otp.sender.last_code) == 8
    otp.verify(issued.challenge_id)


def test_a_mainland_code_stays_as_long_as_its_template_takes() -> None:
    otp = OtpService()
    spend_half_of_the_guesses(otp, PHONE)

    assert otp.request(PHONE).code_length == 6


def test_a_guess_at_a_longer_code_spends_a_hundredth() -> None:
    otp = OtpService()
    spend_half_of_the_guesses(otp, ABROAD)
    issued = otp.request(ABROAD)
    phone = next(row for key, row in otp.memory.rows.items() if key.item == "phone")
    before = phone["g_n86400"]

    assert otp.refuses(issued.challenge_id, "00000000")

    phone = next(row for key, row in otp.memory.rows.items() if key.item == "phone")
    assert phone["g_n86400"] == int(before) + 100


def test_the_takeover_probability_is_the_one_number_to_set() -> None:
    otp = OtpService()
    otp.limits = Limits(otp.pseudonyms, guesses=guesses_per_phone(6e-6))
    for _ in range(2):
        issued = otp.request()
        for _ in range(3):
            otp.refuses(issued.challenge_id, otp.wrong_code())
        otp.clock.advance(61)

    with pytest.raises(Throttled) as caught:
        otp.request()
    assert (caught.value.quota.policy, caught.value.quota.limit) == ("phone_guesses", 6)


def test_the_risk_of_a_guess_is_counted_in_the_limits_units() -> None:
    assert Policy("x").risk_of_a_guess(6) == SIX_DIGITS == CERTAIN // 10**6
    assert Policy("x", code_length=5, alphabet="consonants").risk_of_a_guess(5) == 3125


def test_a_purpose_may_be_called_anything() -> None:
    otp = OtpService(
        policies=load_policies('{"bank_withdrawal": {"limits": [{"limit": 1, "window_s": 3600}]}}')
    )
    otp.request(purpose="bank_withdrawal")
    otp.clock.advance(61)

    with pytest.raises(Throttled):
        otp.request(purpose="bank_withdrawal")


def test_a_longer_cool_down_holds_for_new_codes_as_well() -> None:
    otp = service(resend_after_s=120)
    otp.request()
    otp.clock.advance(61)

    with pytest.raises(Throttled) as caught:
        otp.request()

    assert caught.value.retry_after_s == 59
    otp.request(purpose="payment")


def test_a_renewal_whose_answer_was_lost_leaves_no_code() -> None:
    """Nobody has the new one, and the old one may be gone."""
    otp = service(resend="new")
    issued = otp.request()
    otp.clock.advance(61)
    apply = otp.memory.apply

    def lossy(changes: Sequence[RowChange]) -> list[bool]:
        done = apply(changes)
        if [set(change.puts) for change in changes] == [{"hash"}]:
            raise StoreUnavailable("answer_lost")
        return done

    otp.memory.apply = lossy  # type: ignore[method-assign]
    with pytest.raises(StoreUnavailable):
        otp.request(challenge_id=issued.challenge_id)

    assert len(otp.sender.sent) == 1
    assert otp.refuses(issued.challenge_id)
    otp.request()


def test_a_code_is_not_lengthened_once_the_phone_s_row_names_it() -> None:
    """Another limit refused, and meanwhile the phone's guesses went over half."""
    otp = OtpService(limit_set=LimitSet(ip=(Flow("ip_hour", 20, 3600, 5),)))
    for _ in range(5):
        issued = otp.request(ABROAD)
        for _ in range(3):
            assert otp.refuses(issued.challenge_id, otp.wrong_code())
        otp.clock.advance(721)
    otp.clock.advance(3600)
    other = otp.request(ABROAD, purpose="payment")
    otp.clock.advance(61)
    otp.request("+14155550000", client_ip="203.0.113.7")  # its flow's first try will be refused
    read = otp.memory.read

    def with_a_guess_before(keys: Sequence[RowKey]) -> list[Row | None]:
        otp.memory.read = read  # type: ignore[method-assign]
        otp.refuses(other.challenge_id, "000000")
        return read(keys)

    otp.memory.read = with_a_guess_before  # type: ignore[method-assign]
    issued = otp.request(ABROAD, client_ip="203.0.113.7")

    assert issued.code_length == len(otp.sender.last_code)
    otp.verify(issued.challenge_id)


def test_a_longer_code_takes_no_lease_twice() -> None:
    otp = OtpService()
    spend_half_of_the_guesses(otp, ABROAD)
    otp.request("+14155550000")
    before = dict(otp.limits.leases._left)

    otp.request(ABROAD)

    spent = {before[key] - left for key, left in otp.limits.leases._left.items() if key in before}
    assert spent == {1, 0}
