"""Statistics of small samples: arrays in, numbers out. No function here knows what a study is."""
