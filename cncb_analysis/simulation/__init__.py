"""The synthetic example study, drawn part by part: `cncb_analysis.simulate` puts the parts together."""
