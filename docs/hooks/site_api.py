"""The reference of the Python interface: which modules are public, and on which page each is told."""

from __future__ import annotations

# A module stands here if others may build on it. What is not here may change in any version.
API: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "use": (
        "Using a recogniser",
        "Load a trained recogniser, predict with it, teach it. Needs no torch.",
        ("ishara", "ishara.recognizer", "ishara.recognizer.teach", "ishara.errors"),
    ),
    "clips": (
        "Clips and corpora",
        "What is labelled: clips, manifests, splits, leaks, and the data sets that Ishara knows.",
        (
            "ishara.clips",
            "ishara.clips.clip",
            "ishara.clips.manifest",
            "ishara.clips.splits",
            "ishara.clips.leaks",
            "ishara.clips.extraction",
            "ishara.clips.corpora",
            "ishara.clips.corpora.base",
            "ishara.clips.corpora.synthetic",
        ),
    ),
    "video": ("Video", "Frames of a video: those that are asked for, and no more.", ("ishara.video",)),
    "pose": (
        "Landmarks",
        "Skeletons, poses, their files, and all that is done to them before a model sees them.",
        (
            "ishara.pose",
            "ishara.pose.files",
            "ishara.pose.normalise",
            "ishara.pose.prepare",
            "ishara.pose.features",
            "ishara.pose.augment",
            "ishara.pose.estimate",
            "ishara.pose.estimate.video",
            "ishara.pose.extract",
        ),
    ),
    "recipe": (
        "Recipes",
        "Every key of a recipe, with its choices and its default; `ishara train RECIPE key=value` changes one.",
        ("ishara.recipe",),
    ),
    "models": (
        "Models",
        "Architectures under one contract. Needs `pip install 'ishara[train]'`.",
        ("ishara.models", "ishara.models.contract", "ishara.models.options"),
    ),
    "training": (
        "Training",
        "One run, many folds, and a recipe from the clips themselves. Needs `pip install 'ishara[train]'`.",
        ("ishara.training", "ishara.training.automatic"),
    ),
    "evaluation": (
        "Evaluation",
        "Every figure comes from one table of predictions. Needs `pip install 'ishara[report]'`.",
        (
            "ishara.evaluation.predictions",
            "ishara.evaluation.metrics",
            "ishara.evaluation.intervals",
            "ishara.evaluation.calibration",
            "ishara.evaluation.compare",
            "ishara.evaluation.attention",
            "ishara.evaluation.shortcuts",
            "ishara.evaluation.report",
            "ishara.evaluation.card",
        ),
    ),
    "explain": ("Explanations", "What one answer rests on, and whether that is so.", ("ishara.explain",)),
    "spotting": (
        "Spotting",
        "Where in a long recording which sign is.",
        ("ishara.spotting", "ishara.spotting.formats"),
    ),
    "export": (
        "Exports",
        "A trained model as files that run without torch. Needs `pip install 'ishara[train]'`.",
        ("ishara.export", "ishara.export.forms", "ishara.export.onnx"),
    ),
    "bench": (
        "Speed and memory",
        "How fast a recogniser is on this machine, what it needs, and whether that is within a budget.",
        ("ishara.bench", "ishara.bench.measure", "ishara.bench.clips", "ishara.bench.budgets"),
    ),
    "live": (
        "The live server",
        "The server behind the page, and what is said to it. Needs `pip install 'ishara[live]'`.",
        ("ishara.live", "ishara.live.app", "ishara.live.state", "ishara.live.limits", "ishara.live.schema"),
    ),
}


def public_modules() -> list[str]:
    """Every public module, in the order of the pages."""
    return [module for _, _, modules in API.values() for module in modules]


def api_pages() -> dict[str, str]:
    """Markdown by address; mkdocstrings puts the docstrings in."""
    return {f"reference/{name}.md": _page(*entry) for name, entry in API.items()}


def _page(title: str, about: str, modules: tuple[str, ...]) -> str:
    blocks = "\n\n".join(f"## `{module}`\n\n::: {module}" for module in modules)
    return f"# {title}\n\n{about}\n\n{blocks}\n"
