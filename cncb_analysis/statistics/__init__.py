"""Statistics of small samples: arrays in, numbers out. No function here knows what a study is."""

from cncb_analysis.statistics.adjustment import benjamini_hochberg, benjamini_yekutieli, holm
from cncb_analysis.statistics.agreement import borda_scores, cliffs_delta, cohen_kappa, kendall_w, krippendorff_alpha
from cncb_analysis.statistics.intervals import (
    cliffs_delta_interval,
    exact_interval,
    hypergeometric_interval,
    mean_interval,
    median_interval,
    median_rank,
    share_difference_interval,
    wilson_interval,
)
from cncb_analysis.statistics.permutation import (
    Permuted,
    chi_square_permutation,
    fisher_freeman_halton,
    kruskal_permutation,
    midranks,
)
from cncb_analysis.statistics.regional import herfindahl, location_quotient, location_quotient_interval

__all__ = [
    "Permuted", "benjamini_hochberg", "benjamini_yekutieli", "borda_scores", "chi_square_permutation", "cliffs_delta",
    "cliffs_delta_interval", "cohen_kappa", "exact_interval", "fisher_freeman_halton", "herfindahl", "holm",
    "hypergeometric_interval", "kendall_w", "krippendorff_alpha", "kruskal_permutation", "location_quotient",
    "location_quotient_interval", "mean_interval", "median_interval", "median_rank", "midranks",
    "share_difference_interval", "wilson_interval",
]  # fmt: skip
