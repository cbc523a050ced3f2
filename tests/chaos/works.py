"""The jobs and the models of `sandbox.yml` by what they are for; mappings have these names."""

JOBS = {"quick": 1, "lasting": 2, "broken": 3, "endless": 4, "long": 5}
MODELS = {
    "quick": "everybody",
    "lasting": "everybody",
    "broken": "broken",
    "endless": "crowd",
    "long": "big",
}
