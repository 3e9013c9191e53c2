//! Recipes that show every irregularity of recipe-format.md §1.
