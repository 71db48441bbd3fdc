"""Handlers that come with Quartet, for transformers directories. Imported only when a manifest names one."""

_HERE = "workers.serving.builtin"

#: `builtin:<task>` -> module and class.
TASKS = {
    "text-classification": (f"{_HERE}.text_classification", "TextClassification"),
    "token-classification": (f"{_HERE}.token_classification", "TokenClassification"),
    "feature-extraction": (f"{_HERE}.feature_extraction", "FeatureExtraction"),
    "text-generation": (f"{_HERE}.text_generation", "TextGeneration"),
    "text2text-generation": (f"{_HERE}.text2text_generation", "Text2TextGeneration"),
    "image-classification": (f"{_HERE}.image_classification", "ImageClassification"),
    "image-feature-extraction": (f"{_HERE}.image_feature_extraction", "ImageFeatureExtraction"),
    "audio-classification": (f"{_HERE}.audio_classification", "AudioClassification"),
    "automatic-speech-recognition": (f"{_HERE}.automatic_speech_recognition", "AutomaticSpeechRecognition"),
}
