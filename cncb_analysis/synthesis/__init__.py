"""What the steps say together: the evidence matrix and the joint support measures."""

from cncb_analysis.synthesis.evidence import tabulate_evidence
from cncb_analysis.synthesis.joint_support import tabulate_joint_support

__all__ = ["tabulate_evidence", "tabulate_joint_support"]
