//! What to try with a recipe: the file format, discovery, the plan.
