"""`EstimatorOptions`: all that determines what an estimator makes of a clip; a recipe's section `estimator`."""

from ishara.recipe import EstimatorOptions

__all__ = ["EstimatorOptions"]
