"""A study is one directory: what it holds, reading it, checking it, beginning a new one."""

from cncb_analysis.study.checks import RULE, check_study
from cncb_analysis.study.model import STEPS, Partner, Study, read_study
from cncb_analysis.study.tables import declared_tables, write_new_study

__all__ = ["RULE", "STEPS", "Partner", "Study", "check_study", "declared_tables", "read_study", "write_new_study"]
