"""Fits a linear model (scikit-learn, on the training machine only: what is shipped is its numbers)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def fit(matrix: Any, labels: Sequence[str], weights: Sequence[float], strength: float, codes: list[str]) -> Any:
    """A logistic regression, all codes alike; (weights, bias) with one column a code (of two codes one)."""
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression(C=strength, max_iter=200, tol=1e-3, class_weight="balanced")
    learner.fit(matrix, labels, sample_weight=weights)
    if len(codes) == 2:
        sign = 1 if learner.classes_[1] == codes[1] else -1
        return sign * learner.coef_.T.astype(np.float32), sign * learner.intercept_.astype(np.float32)
    order = [list(learner.classes_).index(code) for code in codes]
    return learner.coef_[order].T.astype(np.float32), learner.intercept_[order].astype(np.float32)
