"""The tables of Do-Not-Answer (arXiv 2308.13387) from its recorded labels, and what they leave unsaid."""

from hantei.reproduce.do_not_answer.reproduction import Reproduction, reproduce

__all__ = ["Reproduction", "reproduce"]
