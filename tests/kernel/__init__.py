"""Tests in real kernels without a browser, run by nbclient, which keeps outputs as a saved notebook has them."""
