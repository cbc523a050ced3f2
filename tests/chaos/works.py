"""The jobs and the models of `sandbox.yml` by what they are for; mappings have these names."""

JOBS = {"quick": 1, "lasting": 2, "broken": 3, "endless": 4, "long": 5, "longer": 6}
MODELS = {
    "quick": "everybody",
    "lasting": "everybody",
    "broken": "broken",
    "endless": "crowd",
    "long": "big",
    "longer": "bigger",
}
#: Many mappings of one model, for as many syncs at once.
MANY = 60
MAPPINGS = [
    {"id": f"mapping_{number}", "model_id": MODELS["quick"], "destination": "crm"}
    for number in range(MANY)
]
