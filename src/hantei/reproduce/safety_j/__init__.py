"""SAFETY-J's tables (arXiv 2407.17075): accuracy on its label sets, and the meta-evaluation of critiques."""

from hantei.reproduce.safety_j.reproduction import SafetyJReproduction, reproduce

__all__ = ["SafetyJReproduction", "reproduce"]
