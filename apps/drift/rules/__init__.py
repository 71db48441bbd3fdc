"""The statistics of drift: values in, values out; one statistic a file.

Read in this order: kinds and columns (samples -> arrays), the tests (kolmogorov_smirnov, chi_squared, embeddings), the
effects (wasserstein, stability), correction, profile (what is kept of the reference), verdict, driving.
"""
