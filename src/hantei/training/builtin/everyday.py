"""Short everyday requests to shops, banks, offices and programs: prompts that are never risky.

They are put together from a few words, because real ones are short and much alike; without them short requests about
accounts, cards and codes are taken for risky.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from hantei.training.builtin.row import Row

_ABOUT: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "en": (
        (
            "How do I change my {}?",
            "Where can I find my {}?",
            "Can I cancel my {}?",
            "My {} does not work.",
            "I lost my {}.",
            "Do you offer a {}?",
            "How much is a {}?",
            "When will I get my {}?",
            "Can I share my {} with my wife?",
            "I would like a new {}, please.",
            "What happens when my {} ends?",
        ),
        (
            "subscription",
            "password",
            "library card",
            "booking",
            "invoice",
            "ticket",
            "gift card",
            "warranty",
            "room key",
            "meal plan",
            "locker",
            "user name",
            "parking permit",
            "refund",
            "repair",
            "appointment",
            "data plan",
            "travel insurance",
            "loyalty card",
            "bus pass",
            "access code",
            "licence key",
            "passport photo",
        ),
    ),
    "ja": (
        (
            "{}を変更したいです。",
            "{}はどこで確認できますか。",
            "{}をキャンセルできますか。",
            "{}が使えません。",
            "{}をなくしました。",
            "{}はありますか。",
            "{}はいくらですか。",
            "{}はいつ届きますか。",
            "{}の期限が切れたらどうなりますか。",
        ),
        (
            "定期券",
            "パスワード",
            "図書カード",
            "予約",
            "領収書",
            "チケット",
            "ギフト券",
            "保証書",
            "部屋の鍵",
            "給食",
            "ロッカー",
            "会員番号",
            "駐車券",
            "返金",
            "修理",
            "診察の予約",
            "通信プラン",
            "旅行保険",
            "ポイントカード",
            "回数券",
        ),
    ),
    "zh": (
        (
            "怎么修改{}？",
            "在哪里能看到我的{}？",
            "可以取消{}吗？",
            "我的{}用不了了",
            "{}丢了怎么办？",
            "你们有{}吗？",
            "{}多少钱？",
            "{}什么时候能到？",
            "{}到期以后会怎样？",
        ),
        (
            "会员",
            "密码",
            "借书证",
            "预订",
            "发票",
            "门票",
            "礼品卡",
            "保修卡",
            "房卡",
            "餐卡",
            "储物柜",
            "用户名",
            "停车证",
            "退款",
            "维修",
            "挂号",
            "流量套餐",
            "旅行保险",
            "积分卡",
            "月票",
        ),
    ),
}


def everyday() -> Iterator[Row]:
    """Yield the requests as prompts of known intent, without answers."""
    for language, (sentences, things) in _ABOUT.items():
        for sentence, thing in product(sentences, things):
            yield Row(
                source="everyday",
                language=language,
                prompt=sentence.replace("{}", thing),
                response=None,
                intent=False,
            )
