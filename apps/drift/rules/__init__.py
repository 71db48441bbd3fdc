"""The statistics of drift: values in, values out; one statistic a file.

Read in this order: kinds and columns (samples -> arrays), the tests (kolmogorov_smirnov, exceedances, chi_squared,
embeddings), the effects (wasserstein, stability), correction, reference and profile (what is kept), measures, power,
driving, verdict.
"""
