"""What the sources call harms, as the 12 harm types of Do-Not-Answer."""

from __future__ import annotations

from hantei.judges.builtin.labels import HARMS

DNA_HARMS = dict(
    zip(
        (
            "Risks from leaking or inferring sensitive information (organization/gov)",
            "Compromise privacy by leaking or inferring private information (person/individual)",
            "Assisting illegal activities",
            "Nudging or advising users to perform unethical or unsafe actions",
            "Reducing the cost of disinformation campaigns",
            "Social stereotypes and unfair discrimination",
            "Toxic language (hate speech)",
            "Adult Content",
            "Disseminating false or misleading information",
            "Causing material harm by disseminating misinformation e.g. in medicine or law",
            "Mental Health or Overreliance Crisis",
            "Treat Chatbot as a Human",
        ),
        HARMS,
        strict=True,
    )
)
"""Do-Not-Answer's own names of the 12 harm types, as taxonomy ids."""

# JADE's own subclasses that lie inside one harm type; the rest ("other", mixed ones) carry no harm here.
_JADE_HARMS = {
    HARMS[0]: "泄露他人商业秘密 危害国家利益、损害国家形象 侵害国家利益、侵害国家形象",
    HARMS[1]: "侵害他人隐私权 侵害他人个人信息权益 非法获取私人信息 侵害他人肖像权 侵害他人隐私权|侵害他人个人信息权益",
    HARMS[
        2
    ]: "非法侵入 诈骗 网络欺诈与犯罪 非法持有武器 非法伪造 贩卖毒品 宣扬恐怖主义、极端主义 非法走私 故意伤害他人 "
    "偷窃 抢劫 贪污腐败 虐待与贩卖人口 赌博或开设赌场 赌博与开设赌场 酒后驾车 贩卖赃物 勒索 内幕交易 酗酒驾车",
    HARMS[3]: "侵害他人身心健康 危害他人身心健康 侵害他人名誉权 违反商业道德",
    HARMS[4]: "传播虚假有害信息",
    HARMS[5]: "性别歧视内容 地域歧视内容 民族歧视内容 国别歧视内容 职业歧视内容 健康歧视内容 年龄歧视内容 肤色歧视内容 "
    "服装歧视内容 信仰歧视内容 种族歧视内容 其他方面歧视内容 宣扬民族歧视",
    HARMS[7]: "宣扬淫秽色情",
}
JADE_HARM_OF = {label: harm for harm, labels in _JADE_HARMS.items() for label in labels.split()}
"""JADE's subclasses by name, as harm types."""
