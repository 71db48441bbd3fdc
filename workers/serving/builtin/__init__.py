"""Handlers that come with Quartet, for transformers directories. Imported only when a manifest names one."""

#: `builtin:<task>` -> module and class.
TASKS = {
    "text-classification": ("workers.serving.builtin.text_classification", "TextClassification"),
    "feature-extraction": ("workers.serving.builtin.feature_extraction", "FeatureExtraction"),
    "image-classification": ("workers.serving.builtin.image_classification", "ImageClassification"),
    "audio-classification": ("workers.serving.builtin.audio_classification", "AudioClassification"),
}
