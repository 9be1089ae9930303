"""What the steps say together: the evidence matrix and the joint support measures."""

from cncb_analysis.synthesis.evidence import tabulate_evidence, tabulate_overlap
from cncb_analysis.synthesis.joint_support import tabulate_joint_support
from cncb_analysis.synthesis.ranks import find_questions, rank_measures

__all__ = ["find_questions", "rank_measures", "tabulate_evidence", "tabulate_joint_support", "tabulate_overlap"]
