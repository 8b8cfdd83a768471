"""Which way a message goes first. A stored preference is known only at the dispatch, and the other
way after a failure is fallback.py's.
"""

from __future__ import annotations

from collections.abc import Sequence

from shared.notifications.model import Recipient, channel_name
from shared.template import ChannelName, Template


def first_channel(
    template: Template, recipient: Recipient, *, asked: Sequence[str] | None, sms_milli: int
) -> ChannelName:
    """The first of the channels asked for, or else of the template's, that reaches the recipient
    and is worth it: by SMS only where the template goes by SMS (`sms_countries`: premium numbers
    of far countries are how SMS are pumped), and not for more than `sms_cost_limit_milli` if there
    is another way. sms_milli: what the SMS would cost, in thousandths of CNY.
    """
    order = [channel_name(name) for name in asked or template.channels]
    usable = [name for name in order if name != "email" or recipient.email]
    for name in usable:
        if name != "sms":
            return name
        is_dear = 0 < template.sms_cost_limit_milli < sms_milli
        if template.goes_by_sms_to(recipient.phone) and not is_dear:
            return name
    return usable[0] if usable else order[0]
